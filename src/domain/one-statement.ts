/** One reading for all who ask before it is begun: so each reads what was there when it asked, or later. Nothing is kept. */
export interface Asker<Found> {
  /** Neither throws. */
  readonly answer: (found: Found) => void;
  readonly fail: (error: unknown) => void;
}

/** One at a time: who asks during a reading waits for the next one, with all others who do. */
export function inOneStatement<Found>(read: () => Promise<Found>): (asker: Asker<Found>) => void {
  let waiting: Asker<Found>[] = [];
  let isPlanned = false;

  const start = async () => {
    const askers = waiting;
    waiting = [];
    const tell = await read().then(
      (found) => (asker: Asker<Found>) => asker.answer(found),
      (error: unknown) => (asker: Asker<Found>) => asker.fail(error),
    );
    for (const asker of askers) tell(asker);
    isPlanned = waiting.length > 0;
    if (isPlanned) setImmediate(start);
  };

  return (asker) => {
    waiting.push(asker);
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(start);
  };
}
