/** The schema of the peers that are written by hand: the product's names and types, as far as the loads ask for them. */
export const typeDefs = /* GraphQL */ `
  type Query {
    recoveryPlan(id: ID!): RecoveryPlan
    vms(first: Int!, after: String): VirtualMachineConnection
    recovery(id: ID!): Recovery
  }
  enum PlanLifecycle {
    READY TEST_IN_PROGRESS TEST_COMPLETE CLEANUP_IN_PROGRESS CLEANUP_INCOMPLETE RECOVERY_IN_PROGRESS RECOVERY_INCOMPLETE RECOVERY_COMPLETE
    REPROTECT_IN_PROGRESS REPROTECT_INCOMPLETE
  }
  enum ProtectionGroupState {
    READY NOT_READY CONFIGURING TESTING RECOVERING RECOVERED PARTIALLY_RECOVERED REPROTECTING DELETING ERROR
  }
  enum ReplicationType { SAN HOST SNAPSHOT CONTINUOUS }
  enum PowerState { POWERED_ON POWERED_OFF SUSPENDED UNKNOWN }
  enum StepStatus { PENDING RUNNING WAITING SUCCEEDED WARNING FAILED SKIPPED CANCELLED ALREADY_DONE }
  type RecoveryPlan {
    id: ID!
    name: String!
    description: String!
    lifecycle: PlanLifecycle!
    rtoTargetSeconds: Int
    protectionGroups(first: Int!): ProtectionGroupConnection!
  }
  type ProtectionGroupConnection { nodes: [ProtectionGroup!]! }
  type ProtectionGroup {
    id: ID!
    name: String!
    state: ProtectionGroupState!
    replicationType: ReplicationType!
    rpoMinutes: Int!
    vms(first: Int!): VirtualMachineConnection!
  }
  type VirtualMachineConnection { nodes: [VirtualMachine!]! edges: [VirtualMachineEdge!]! pageInfo: PageInfo! }
  type VirtualMachineEdge { cursor: String! node: VirtualMachine! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type VirtualMachine { id: ID! name: String! powerState: PowerState! cpuCount: Int! memoryMb: Int! }
  type Recovery { planName: String! state: String! allSteps(first: Int!): RecoveryStepConnection! }
  type RecoveryStepConnection { nodes: [RecoveryStep!]! }
  type RecoveryStep { number: String! name: String! kind: String! status: StepStatus! }
`;
