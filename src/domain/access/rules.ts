/** What a password and a user's name have to be, wherever they come from: the environment, the command line, the API. */

export const leastPasswordLength = 12;
export const mostPasswordLength = 1024;

/** What is wrong with it, as a sentence; null: nothing. */
export function passwordProblem({ length }: string): string | null {
  if (length < leastPasswordLength) return `A password has at least ${leastPasswordLength} characters, and this has ${length}.`;
  return length > mostPasswordLength ? `A password may have ${mostPasswordLength} characters, and this has ${length}.` : null;
}

/** A slash stands in names that are no local user's (`oidc/ada`, `local/root`, `schedule/weekly`); a colon ends the name in a Basic header. */
export const userNameProblem = (name: string): string | null =>
  /[/:]/.test(name) ? 'The name of a user can\'t have a "/" or a ":".' : null;
