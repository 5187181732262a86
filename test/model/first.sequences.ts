import { sequences } from "./sequences.ts";

sequences(1, 2);
