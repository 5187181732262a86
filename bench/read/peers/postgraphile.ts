/** PostGraphile 5 over the views of the product's shape: its own plan of one statement for the whole answer. */
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { connectionString, listenOn } from "./serve.ts";

const preset: GraphileConfig.Preset = {
  extends: [PostGraphileAmberPreset],
  disablePlugins: ["NodePlugin"],
  pgServices: [makePgService({ connectionString, schemas: ["peers"], poolConfig: { max: 20 } })],
  grafserv: { graphiql: false, watch: false },
  grafast: { explain: false },
};

const server = createServer();
await postgraphile(preset).createServ(grafserv).addTo(server);
server.listen(listenOn.port, listenOn.host);
