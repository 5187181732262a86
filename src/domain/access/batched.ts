/**
 * One statement for all that ask at the same time. Nothing is cached: a key joins only a statement that has not been sent,
 * so each answer is read after its question came.
 */
export function batched<Row>(
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Row>>,
): (key: string) => Promise<Row | undefined> {
  const most = 1000;
  let gathering: { readonly keys: Set<string>; readonly answer: Promise<ReadonlyMap<string, Row>> } | null = null;

  const gather = () => {
    const keys = new Set<string>();
    const answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      if (gathering?.keys === keys) gathering = null;
      return load([...keys]);
    });
    return { keys, answer };
  };

  return async (key) => {
    if (!gathering || gathering.keys.size >= most) gathering = gather();
    gathering.keys.add(key);
    return (await gathering.answer).get(key);
  };
}
