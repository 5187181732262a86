import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { getIntrospectionQuery } from "graphql";
import { expect } from "vitest";
import { proof, type Rows } from "./row.ts";

const root = resolve(import.meta.dirname, "../..");

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
  "compliance report: 4 types, date range, plans, format; status; download url with expiry": { waitsFor: proof },
};
