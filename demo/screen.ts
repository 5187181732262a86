/** Where the demo writes: a terminal is redrawn, anything else gets one line for each change. */
import { stepLine, type TreeStep, treeLines } from "./tree.ts";

export interface Screen {
  /** A line that stays. */
  say(line: string): void;
  step(step: TreeStep): void;
  progress(text: string): void;
  /** Leaves the last picture where it is. */
  settle(): void;
}

export function createScreen(out: NodeJS.WriteStream): Screen {
  const live = out.isTTY === true;
  const colour = live && !process.env.NO_COLOR;
  const steps = new Map<string, TreeStep>();
  let drawn = 0;
  let footer = "";

  const erase = () => {
    if (drawn > 0) out.write(`\u001b[${drawn}A\u001b[J`);
    drawn = 0;
  };
  const width = () => out.columns ?? 120;
  const cut = (line: string) => (colour ? line : [...line].slice(0, width() - 1).join(""));
  const draw = () => {
    if (!live) return;
    erase();
    const lines = [...treeLines(steps.values(), colour, (out.rows ?? 40) - 4).map(cut), footer];
    out.write(`${lines.join("\n")}\n`);
    drawn = lines.length;
  };

  return {
    say(line) {
      erase();
      out.write(`${line}\n`);
      if (steps.size > 0) draw();
    },
    step(step) {
      const known = steps.get(step.path);
      steps.set(step.path, step);
      if (live) draw();
      else if (known?.status !== step.status) out.write(`${step.status.padEnd(10)} ${stepLine(step, false).trim()}\n`);
    },
    progress(text) {
      footer = text;
      draw();
    },
    settle() {
      draw();
      drawn = 0;
      footer = "";
      steps.clear();
    },
  };
}
