/** Makes the types of this folder's operations from the schema: `npx graphql-codegen --config examples/typescript/codegen.ts`. */
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "schema.graphql",
  documents: ["examples/typescript/*.ts"],
  ignoreNoDocuments: false,
  emitLegacyCommonJSImports: false,
  importExtension: ".ts",
  generates: {
    "examples/typescript/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: "string",
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        scalars: { DateTime: "string", ByteCount: "number", ID: "string" },
      },
    },
  },
};

export default config;
