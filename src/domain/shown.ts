/** What of its rows a page shows: a list that shows a few plain columns need not read the others. */
import SchemaBuilder, {
  BasePlugin,
  type FieldNullability,
  type InputFieldMap,
  type PothosOutputFieldConfig,
  type SchemaTypes,
  type TypeParam,
} from "@pothos/core";
import {
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  getNamedType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from "graphql";

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      shown: ShownPlugin<Types>;
    }
    export interface FieldOptions<
      Types extends SchemaTypes = SchemaTypes,
      ParentShape = unknown,
      Type extends TypeParam<Types> = TypeParam<Types>,
      Nullable extends FieldNullability<Type> = FieldNullability<Type>,
      Args extends InputFieldMap = InputFieldMap,
      ResolveShape = unknown,
      ResolveReturnShape = unknown,
    > {
      /** All that the resolver reads of its parent, where that is little and the field is asked often. */
      reads?: readonly (string & keyof ParentShape)[];
    }
  }
}

declare module "graphql" {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    reads?: readonly string[];
  }
}

class ShownPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const { reads } = field.pothosOptions;
    return reads ? { ...field, extensions: { ...field.extensions, reads } } : field;
  }
}

SchemaBuilder.registerPlugin("shown", ShownPlugin);

export interface Shown {
  /** Of the rows. */
  readonly properties: ReadonlySet<string>;
  readonly cursors: boolean;
}

type Info = Pick<GraphQLResolveInfo, "fieldNodes" | "fragments" | "returnType">;

const known = new WeakMap<readonly FieldNode[], Shown | null>();

/** For a field that answers a connection. Null: a field is selected that may read anything. What `@skip` leaves out counts as shown. */
export function shownIn(info: Info): Shown | null {
  const before = known.get(info.fieldNodes);
  if (before !== undefined) return before;
  const connection = getNamedType(info.returnType);
  const node = isObjectType(connection) ? getNamedType(connection.getFields().nodes?.type) : null;
  const shown = isObjectType(node) ? shownOf(node, info) : null;
  known.set(info.fieldNodes, shown);
  return shown;
}

function shownOf(node: GraphQLObjectType, { fieldNodes, fragments }: Info): Shown | null {
  const below = (fields: readonly FieldNode[], ...names: string[]) =>
    fieldsIn(setsOf(fields), fragments).filter(({ name }) => names.includes(name.value));
  const edges = below(fieldNodes, "edges");
  const nodes = [...below(fieldNodes, "nodes"), ...below(edges, "node")];
  const cursors = [...below(edges, "cursor"), ...below(below(fieldNodes, "pageInfo"), "startCursor", "endCursor")];
  const properties = new Set<string>();
  for (const { name } of fieldsIn(setsOf(nodes), fragments)) {
    const read = propertiesOf(node, name.value);
    if (read === null) return null;
    for (const property of read) properties.add(property);
  }
  return { properties, cursors: cursors.length > 0 };
}

function propertiesOf(node: GraphQLObjectType, name: string): readonly string[] | null {
  if (name === "__typename") return [];
  const { reads, pothosExposedField: exposed }: { reads?: readonly string[]; pothosExposedField?: unknown } =
    node.getFields()[name]?.extensions ?? {};
  if (reads) return reads;
  if (name === "id") return ["id"];
  return typeof exposed === "string" ? [exposed] : null;
}

const setsOf = (fields: readonly FieldNode[]) => fields.flatMap(({ selectionSet }) => selectionSet ?? []);

/** Also those in fragments, whatever type these are on: one that does not apply shows nothing. */
function fieldsIn(sets: readonly SelectionSetNode[], fragments: GraphQLResolveInfo["fragments"]): FieldNode[] {
  return sets.flatMap(({ selections }) =>
    selections.flatMap((one) => {
      if (one.kind === Kind.FIELD) return one;
      const set = one.kind === Kind.FRAGMENT_SPREAD ? fragments[one.name.value]?.selectionSet : one.selectionSet;
      return set ? fieldsIn([set], fragments) : [];
    }),
  );
}
