/**
 * A list that a statement takes as a parameter, in a SELECT of its own, so that the planner does not look into it: it would make a plan for each list
 * that is shorter than the ten values it expects of one it can't see, which takes a large statement longer than its work.
 */
export const anyOf = (parameter: `$${number}`, type: "uuid" | "int" = "uuid"): string =>
  `ANY ((SELECT ${parameter}::${type}[])::${type}[])`;
