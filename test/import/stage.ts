/** Small import files, made of a base that is right and what a test changes of it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { defaultQuotas, type Quotas } from "../../src/domain/quotas.ts";
import { check } from "../../src/import/check.ts";
import { parseFile } from "../../src/import/file.ts";
import { emptyModel, type Model } from "../../src/import/items.ts";
import { pathText } from "../../src/import/problem.ts";

/** Two sites, two groups of two VMs each, one plan. */
export function base() {
  const vm = (name: string, ip: string) => ({ name, datastore: "ds", nics: [{ network: "net-a", ipAddresses: [ip] }] });
  const rule = (name: string, targetIp: string) => ({
    virtualMachine: name,
    ipCustomization: { rules: [{ nicIndex: 0, targetIp, prefixLength: 24 }] },
  });
  return {
    version: 1,
    sites: [
      {
        name: "A",
        type: "PROTECTED",
        provider: "lab",
        datastores: [{ name: "ds", capacityBytes: 100, freeBytes: 50 }],
        networks: [{ name: "net-a" }],
        folders: [] as object[],
        virtualMachines: [vm("db-1", "10.0.1.1"), vm("db-2", "10.0.1.2"), vm("web-1", "10.0.1.3"), vm("web-2", "10.0.1.4")],
      },
      {
        name: "B",
        type: "RECOVERY",
        provider: "lab",
        datastores: [{ name: "dr", capacityBytes: 100, freeBytes: 50 }],
        networks: [{ name: "net-b" }],
      },
    ],
    pairings: [{ protectedSite: "A", recoverySite: "B", networkMappings: [{ source: "net-a", target: "net-b" }] }],
    protectionGroups: [
      { name: "dbs", type: "CONTINUOUS", protectedSite: "A", recoverySite: "B", virtualMachines: ["db-1", "db-2"] },
      { name: "webs", type: "CONTINUOUS", protectedSite: "A", recoverySite: "B", virtualMachines: ["web-1", "web-2"] },
    ],
    recoveryPlans: [
      {
        name: "plan",
        protectedSite: "A",
        recoverySite: "B",
        priorityGroups: [
          {
            priority: 1,
            name: "Data",
            protectionGroups: ["dbs"],
            preSteps: [
              { type: "PROMPT", name: "ask", message: "Go?" },
              { type: "COMMAND", name: "run", command: "x.sh", arguments: ["1"] },
            ] as object[],
            postSteps: [] as object[],
          },
          { priority: 2, name: "Web", protectionGroups: ["webs"] },
        ],
      },
    ],
    vmSettings: [rule("db-1", "10.0.2.1"), { ...rule("web-1", "10.0.2.3"), dependsOn: ["db-1"] }] as (Record<string, unknown> & {
      virtualMachine: string;
    })[],
  };
}

export type Base = ReturnType<typeof base>;

/** The messages that a changed file gets, each behind its place in the content; none: it is right. */
export function problemsOf(change: (file: Base) => void, current: Model = emptyModel(), quotas: Quotas = defaultQuotas): string[] {
  const content = base();
  change(content);
  const parsed = parseFile(content);
  const result = "file" in parsed ? check(parsed.file, current, quotas) : parsed;
  return "problems" in result ? result.problems.map(({ path, message }) => `${pathText(path)}: ${message}`) : [];
}

export interface Files {
  /** Writes it as YAML, or as it is when it is text, and gives its path. */
  write(content: object | string, name?: string): Promise<string>;
  remove(): Promise<void>;
}

export async function someFiles(): Promise<Files> {
  const folder = await mkdtemp(join(tmpdir(), "dr-import-"));
  return {
    async write(content, name = "file.yaml") {
      const path = join(folder, name);
      await writeFile(path, typeof content === "string" ? content : stringify(content));
      return path;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
