import { defineConfig } from "prisma/config";

// `prisma generate` needs no schema engine but tries to download one; an existing file stops that.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({ schema: "prisma/schema", migrations: { path: "prisma/migrations" } });
