/** For editors: completion and checks in the operations of this repository. */
export default {
  schema: "schema.graphql",
  documents: ["src/gateway/examples/*.graphql", "examples/typescript/*.ts"],
};
