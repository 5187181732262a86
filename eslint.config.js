/** The lint of schema.graphql, by graphql-eslint's rules. Code is Biome's; what may change between releases is src/tools/check-released.ts's. */
import graphql from "@graphql-eslint/eslint-plugin";

/** Types without an id of their own: parts of what they are read with, and gone or replaced with it. An entity never belongs here. */
const withoutId = {
  "parts of a VM": [
    "EffectiveNetworkMapping",
    "IpCustomizationRule",
    "PlaceholderVm",
    "ReplicationInfo",
    "VmCommand",
    "VmNetworkMapping",
    "VmNic",
    "VmRecoverySettings",
    "VmRecoverySite",
    "VmSourceSite",
  ],
  "parts of a run or a task": [
    "RecoveryAcceptance",
    "RecoveryGroup",
    "RecoveryOptions",
    "RecoveryPriorityGroup",
    "RunWarning",
    "StepCounts",
    "StepOutput",
    "StepProgress",
    "TaskStep",
    "VmRecovery",
    "WaitingFor",
  ],
  "parts of a plan's evaluation": ["PlanChange", "UntestedStep"],
  "parts of a drill or its occurrence": ["AbsoluteBlackoutWindow", "DrillCleanup", "DrillDueTime", "DrillOptions", "WeeklyBlackoutWindow"],
  "parts of a site or a protection group": ["SiteCapabilities", "StorageGroup"],
  "computed at each read": [
    "AllowedOperation",
    "ChainVerification",
    "EvidenceFinding",
    "Fault",
    "InventoryMappings",
    "LagPoint",
    "LagSeries",
    "Limit",
    "PreviewFinding",
    "PreviewRefusal",
    "PreviewPoint",
    "PreviewStep",
    "RecoveryComparison",
    "RecoveryEvidence",
    "RecoveryPreview",
    "RecoveryStepComparison",
    "SiteSummary",
  ],
  "parts of a user": ["NotificationSettings"],
  "of the request or its session": ["PageInfo", "RateLimit", "Viewer"],
};

/** Whole kinds of types without an id: what a mutation answers, pages, what happened. */
const suffixesWithoutId = ["Payload", "Error", "Connection", "Edge", "Event", "EventBatch"];

const recommended = graphql.configs["flat/schema-recommended"].rules;
const [severity, names] = recommended["@graphql-eslint/naming-convention"];

/** A duration is an Int with its unit in its name. */
const duration = "/timeout|delay|duration|interval|elapsed|^lag|^(rpo|rto)(?!Violation)/i";
const durations = ["FieldDefinition", "InputValueDefinition"]
  .flatMap((kind) => ["gqlType.name.value=Int", "gqlType.gqlType.name.value=Int"].map((int) => `${kind}[name.value=${duration}][${int}]`))
  .join(",");

export default [
  {
    files: ["schema.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "schema.graphql" } } },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...recommended,
      ...graphql.configs["flat/schema-relay"].rules,
      "@graphql-eslint/require-description": [
        "error",
        {
          types: true,
          rootField: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
          DirectiveDefinition: true,
        },
      ],
      "@graphql-eslint/naming-convention": [
        severity,
        {
          ...names,
          // Specification: the reference's input_spec.
          InputObjectTypeDefinition: { style: "PascalCase", requiredSuffixes: ["Input", "Filter", "Order", "Specification"] },
          [durations]: { style: "camelCase", requiredPattern: /(Seconds|Minutes|Hours|Days)$/ },
        },
      ],
      "@graphql-eslint/require-nullable-result-in-root": "error", // one failure must not null the others
      "@graphql-eslint/no-scalar-result-type-on-mutation": "error",
      // One argument `input`, of the mutation's name. "Insensitive": the type begins with a capital, the mutation does not.
      "@graphql-eslint/input-name": ["error", { checkInputType: true, caseSensitiveInputType: false }],
      "@graphql-eslint/strict-id-in-types": [
        "error",
        { exceptions: { types: Object.values(withoutId).flat(), suffixes: suffixesWithoutId } },
      ],
      // `nodes` beside `edges` is a list of nodes; VmRecoverySettings, which has pages too, is a part of a VM and no node.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
      // RecoveryStep.children is read forwards only: `first` and `after`.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
    },
  },
];
