import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { getIntrospectionQuery } from "graphql";
import { expect } from "vitest";
import type { Api, Json } from "./api.ts";
import { nothing, type Rows } from "./row.ts";

const root = resolve(import.meta.dirname, "../..");

async function reportDone(api: Api, id: string): Promise<Json> {
  for (;;) {
    const fields = "type format state generatedAt expiresAt sizeBytes downloadUrl";
    const { report } = await api.ask(`query ($id: ID!) { report(id: $id) { ${fields} } }`, { id });
    if (report.state !== "GENERATING") return report;
  }
}

export const documentRows: Rows = {
  "glossary: placeholder VM, shadowing, reprotection, RPO, RTO, SRA": {
    good: [
      [
        "the schema's own descriptions speak the reference's terms",
        async (api) => {
          const { data } = await api.send(getIntrospectionQuery(), {}, {});
          const text = JSON.stringify(data).toLowerCase();
          for (const term of ["placeholder", "shadowing", "reprotect", "rpo", "rto", "sra"]) expect(text).toContain(term);
        },
      ],
    ],
    bad: [],
  },
  "PowerCLI and Python workflows (find plan by name, test, watch, clean up; configure VM; reprotect)": {
    good: [
      [
        "the Python example finds the plan by name, tests it, watches, answers and cleans up",
        async (api) => {
          const options = {
            cwd: resolve(root, "examples/python"),
            env: { PATH: process.env.PATH, DR_PASSWORD: api.password, PYTHONDONTWRITEBYTECODE: "1" },
          };
          const program = ["run_test.py", "--url", new URL(api.url).origin, "--answer", "CONTINUE", "--watch", "poll", "--interval", "0.2"];
          const { stdout } = await promisify(execFile)("python3", program, options);
          expect(stdout).toMatch(/^Cleanup: SUCCESS$/m);
        },
      ],
    ],
    bad: [],
  },
  "comparison table: AWS DRS terms": {
    good: [
      [
        "the guide has every term of the comparison, and what it is called here",
        async () => {
          const guide = readFileSync(resolve(root, "docs/coming-from-aws-drs.md"), "utf8").toLowerCase();
          for (const term of [
            "source server",
            "recovery job",
            "drill",
            "wave",
            "reverse replication",
            "launch template",
            "signature v4",
            "boto3",
          ])
            expect(guide).toContain(term);
        },
      ],
    ],
    bad: [],
  },
  "compliance report: 4 types, date range, plans, format; status; download url with expiry": {
    good: [
      [
        "each type is generated in its format, for a range and plans, and downloaded by its URL",
        async (api) => {
          const dateRange = { startDate: "2024-01-01T00:00:00Z", endDate: "2024-02-01T00:00:00Z" };
          const { recoveryPlans } = await api.ask("{ recoveryPlans(first: 1) { nodes { id } } }");
          const planIds = recoveryPlans.nodes.map(({ id }: { id: string }) => id);
          for (const [type, format] of [
            ["RPO_RTO_COMPLIANCE", "JSON"],
            ["TEST_HISTORY", "CSV"],
            ["PROTECTION_STATUS", "HTML"],
            ["RECOVERY_READINESS", "JSON"],
          ]) {
            const { report } = await api.change("generateComplianceReport", { type, format, dateRange, planIds }, "report { id }");
            const done = await reportDone(api, report.id);
            expect(done).toMatchObject({ type, format, state: "COMPLETED" });
            expect(Date.parse(done.expiresAt) - Date.parse(done.generatedAt)).toBe(86_400_000);
            const response = await fetch(new URL(done.downloadUrl, api.url));
            expect([response.status, (await response.bytes()).length]).toEqual([200, done.sizeBytes]);
          }
        },
      ],
    ],
    bad: [
      [
        "refuses a range that ends before it begins, naming the field",
        async (api) => {
          const dateRange = { startDate: "2024-02-01T00:00:00Z", endDate: "2024-01-01T00:00:00Z" };
          expect(await api.refused("generateComplianceReport", { type: "TEST_HISTORY", format: "PDF", dateRange })).toMatchObject({
            code: "INVALID_REQUEST",
            fieldErrors: [{ path: ["dateRange", "endDate"] }],
          });
        },
      ],
      [
        "refuses the id of a plan that there never was",
        async (api) => {
          const dateRange = { startDate: "2024-01-01T00:00:00Z", endDate: "2024-02-01T00:00:00Z" };
          const planIds = [nothing("RecoveryPlan")];
          expect(await api.refused("generateComplianceReport", { type: "TEST_HISTORY", format: "PDF", dateRange, planIds })).toMatchObject({
            code: "NOT_FOUND",
            resource: "RecoveryPlan",
          });
        },
      ],
    ],
  },
};
