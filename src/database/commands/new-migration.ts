/** `npm run db:migration -- NAME`: writes the next migration from the schema's change, without a database. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../errors.ts";
import { prismaFolder } from "../schema-files.ts";
import { writeMigration } from "../write-migration.ts";

const usage = `Writes the next migration from the change of prisma/schema. No database is needed.

  npm run db:migration -- NAME [--empty] [--folder FOLDER]

  NAME      what it does: small letters, digits and underscores, such as add_vm_tags
  --empty   write one although the schema is unchanged, for SQL by hand (CHECKs, partial indexes, functions, data)
  --folder  the folder that holds schema/ and migrations/ (default: prisma)

Read what was written before you commit it: a renamed column is a dropped one and a new one until you say otherwise.`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { empty: { type: "boolean" }, folder: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  const [name, ...more] = positionals;
  if (values.help === true) {
    console.log(usage);
  } else if (name === undefined || more.length > 0 || !/^[a-z0-9_]{1,80}$/.test(name)) {
    console.error(usage);
    process.exitCode = 2;
  } else {
    const folder = values.folder === undefined ? prismaFolder : resolve(values.folder);
    const written = await writeMigration({ folder, name, empty: values.empty === true, now: new Date() });
    if (written === null) console.log("Nothing to write: the migrations hold all of the schema. For SQL by hand add --empty.");
    else console.log(`Wrote ${written}\nRead it, then run: npx prisma generate`);
  }
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
