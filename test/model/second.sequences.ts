import { sequences } from "./sequences.ts";

sequences(2, 2);
