/** Queries made from the schema itself: for every relation of every type, a way to it from objects with an id. */
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  isUnionType,
} from "graphql";

type Field = GraphQLField<unknown, unknown>;

/** From objects of the type `from`, which `nodes` finds, by these fields to the objects of a type. */
export interface Way {
  readonly from: string;
  /** What stands around a selection on the objects at its end. */
  readonly around: (selection: string) => string;
}

export interface Relation {
  /** Such as "RecoveryPlan.protectionGroups"; a type alone: its plain fields. */
  readonly name: string;
  readonly from: string;
  readonly query: string;
}

const fieldsOf = (type: GraphQLObjectType): Field[] => Object.values(type.getFields()).filter(({ args }) => !args.some(isRequiredArgument));
const isConnection = (type: GraphQLNamedType): type is GraphQLObjectType => isObjectType(type) && type.name.endsWith("Connection");

/** The objects that a field leads to, each with what stands around a selection on them. */
function targets(schema: GraphQLSchema, field: Field): { type: GraphQLObjectType; around: (selection: string) => string }[] {
  const type = getNamedType(field.type);
  const inside = (selection: string) => `${field.name} { ${selection} }`;
  if (isConnection(type)) {
    const node = getNamedType(type.getFields().nodes?.type);
    return isObjectType(node) ? [{ type: node, around: (selection) => inside(`totalCount nodes { ${selection} }`) }] : [];
  }
  if (isObjectType(type)) return [{ type, around: inside }];
  if (!isInterfaceType(type) && !isUnionType(type)) return [];
  return schema.getPossibleTypes(type).map((one) => ({ type: one, around: (selection) => inside(`... on ${one.name} { ${selection} }`) }));
}

/** The shortest way to every type that `nodes` leads to. */
function ways(schema: GraphQLSchema): ReadonlyMap<string, Way> {
  const node = schema.getType("Node");
  if (!isInterfaceType(node)) throw new Error("The schema has no Node");
  const found = new Map<string, Way>();
  let edge = schema
    .getPossibleTypes(node)
    .map((type) => ({ type, way: { from: type.name, around: (selection: string) => selection } as Way }));
  for (const { type, way } of edge) found.set(type.name, way);
  while (edge.length > 0) {
    edge = edge.flatMap(({ type, way }) =>
      fieldsOf(type).flatMap((field) =>
        targets(schema, field).flatMap((target) => {
          if (found.has(target.type.name)) return [];
          const next: Way = { from: way.from, around: (selection) => way.around(target.around(selection)) };
          found.set(target.type.name, next);
          return [{ type: target.type, way: next }];
        }),
      ),
    );
  }
  return found;
}

const plainFields = (type: GraphQLObjectType): string => {
  const names = fieldsOf(type).filter((field) => isLeafType(getNamedType(field.type)));
  return ["__typename", ...names.map(({ name }) => name)].join(" ");
};

const nodesQuery = (from: string, selection: string) => `query ($ids: [ID!]!) { nodes(ids: $ids) { ... on ${from} { ${selection} } } }`;

/** Every type's plain fields, and every relation of every type with the plain fields behind it. */
export function relationsOf(schema: GraphQLSchema): Relation[] {
  return [...ways(schema)].flatMap(([name, { from, around }]) => {
    const type = schema.getType(name);
    if (!isObjectType(type)) return [];
    const plain = { name, from, query: nodesQuery(from, around(plainFields(type))) };
    const relations = fieldsOf(type).flatMap((field) =>
      targets(schema, field).map((target, _at, all) => ({
        name: `${name}.${field.name}${all.length > 1 ? `:${target.type.name}` : ""}`,
        from,
        query: nodesQuery(from, around(target.around(plainFields(target.type)))),
      })),
    );
    return [plain, ...relations];
  });
}
