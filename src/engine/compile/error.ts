/** A snapshot that no run can be made of. The message says, for people, what stands in the way. */
export class CompileError extends Error {
  override readonly name = "CompileError";
}
