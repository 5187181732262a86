/** What is told, as it was when it happened; a notification's row keeps it. */
import type { NotificationKind } from "../../database/generated/enums.ts";
import type { NodeType } from "../ids.ts";

/** An object as it was called then. `id` is the database's. */
export interface Subject {
  readonly type: NodeType;
  readonly id: string;
  readonly name: string;
}

export interface Content {
  /** One line. */
  readonly title: string;
  /** What happened, in sentences. */
  readonly message: string;
  /** What to do, as a sentence. */
  readonly remedy: string;
  readonly subject: Subject;
  /** The plan that it concerns; null: none. */
  readonly plan: Subject | null;
  /** What a program may want beside the sentences; its fields belong to the kind. */
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Notification {
  readonly id: string;
  readonly kind: NotificationKind;
  readonly occurredAt: Date;
  readonly content: Content;
}
