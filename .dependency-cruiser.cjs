/** Who may import whom. The house is described in CONTRIBUTING.md. */
/** Each folder of the domain is a room; `documents` is common ground. */
const rooms = "^src/domain/(?!documents/)([^/]+)/";
module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment: "Two files that need each other are one thought in two places.",
      severity: "error",
      from: { path: "^(src|client|demo)" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "layers-providers",
      comment: "providers stand at the bottom: they know a site, and nothing of recoveries.",
      severity: "error",
      from: { path: "^src/providers" },
      to: { path: "^src/(main|threads|command-line|reach-database|gateway|domain|engine|import|users|verify)" },
    },
    {
      name: "layers-engine",
      comment: "The engine knows nothing of GraphQL, nor of who asks.",
      severity: "error",
      from: { path: "^src/engine" },
      to: {
        path: "^src/(main|threads|command-line|reach-database|gateway|domain|import|users|verify)|node_modules/(graphql|graphql-yoga|@pothos)/",
      },
    },
    {
      name: "layers-domain",
      comment: "The domain does not know how it is reached.",
      severity: "error",
      from: { path: "^src/domain" },
      to: { path: "^src/(main|threads|command-line|reach-database|gateway|users|verify)" },
    },
    {
      name: "engine-by-contract",
      comment: "The engine and the domain reach sites through the contract only.",
      severity: "error",
      from: { path: "^src/(engine|domain|gateway)" },
      to: { path: "^src/providers/(?!contract|inventory)" },
    },
    {
      name: "common-ground",
      comment: "events, jobs and database serve everyone, so they may need nobody.",
      severity: "error",
      from: { path: "^src/(events|jobs|database)" },
      to: { path: "^src/(main|threads|command-line|reach-database|gateway|domain|engine|providers|import|users|verify)" },
    },
    {
      name: "rooms-by-their-door",
      comment: "A room of the domain uses another one by its service, its loaders or its types.",
      severity: "error",
      from: { path: rooms },
      to: {
        path: rooms,
        pathNot: ["^src/domain/$1/", "/(types|loaders|service|index)(/|[^/]*$)|/[^/]*-types\\.ts$|/[^/]*loaders[^/]*\\.ts$"],
      },
    },
    {
      name: "documents-serve-every-room",
      comment: "A document is what it is given: its model and its writers know none of the rooms that it tells of.",
      severity: "error",
      from: { path: "^src/domain/documents/" },
      to: { path: rooms },
    },
    {
      name: "one-reader-of-the-environment",
      comment: "config.ts reads the environment; others get what it made of it.",
      severity: "error",
      from: { path: "^src/(gateway|domain|engine|providers|events|jobs)", pathNot: "/supervisor" },
      to: { path: "^src/config\\.ts$", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "product-without-tests",
      severity: "error",
      from: { path: "^(src|client|demo)" },
      to: { path: "^(test|bench)" },
    },
    { name: "no-orphans", severity: "error", from: { orphan: true, path: "^src", pathNot: "\\.d\\.ts$" }, to: {} },
  ],
  options: {
    doNotFollow: { path: "node_modules|src/database/generated" },
    exclude: { path: "src/database/generated" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".json"],
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
    },
  },
};
