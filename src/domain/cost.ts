/** What fields cost where it is not what the gateway assumes by itself: a field option, and the values for it. See gateway/cost.ts. */
import SchemaBuilder, {
  BasePlugin,
  type FieldNullability,
  type InputFieldMap,
  type PothosOutputFieldConfig,
  type SchemaTypes,
  type TypeParam,
} from "@pothos/core";

/** In fields of the answer. */
export interface FieldCost {
  /** Of the field itself; 1 otherwise, 5 for a page. */
  readonly own?: number;
  /** How often what is selected below it counts; otherwise a page's size, 10 for another list, once else. */
  readonly times?: number;
  /** The argument whose length it is instead. */
  readonly timesArgument?: string;
  /** So many at most there are below all objects of one list (without pages) together: they share them. */
  readonly shared?: number;
  /** What to ask instead where there is more than a page or two of it, as a sentence; told to those who ask for too much. */
  readonly instead?: string;
}

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      cost: CostPlugin<Types>;
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
      cost?: FieldCost;
    }
  }
}

declare module "graphql" {
  interface GraphQLFieldExtensions<_TSource, _TContext, _TArgs> {
    cost?: FieldCost;
  }
}

/** Entries of a page: it has multiplied already. */
export const pageEntries: FieldCost = { times: 1 };

/** What a page has once, and not for each entry. */
export const oncePerPage: FieldCost = { own: 0, times: 0 };

/** Put together from many rows, for each object anew. */
export const computed: FieldCost = { own: 5 };

/** A text of up to 64 KiB. */
export const longText: FieldCost = { own: 20 };

/** A list without pages, of VMs. */
export const manyVms: FieldCost = { times: 100 };

class CostPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const { cost } = field.pothosOptions;
    return cost ? { ...field, extensions: { ...field.extensions, cost } } : field;
  }
}

SchemaBuilder.registerPlugin("cost", CostPlugin);
