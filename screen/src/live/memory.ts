/** What this browser remembers of a person's choices. A browser that forbids it forgets them, and nothing breaks. */

type Choice = 'language' | 'theme' | 'token';

/** The token of the API goes with the tab; choices of taste stay. */
function storeOf(choice: Choice): Storage {
  return choice === 'token' ? sessionStorage : localStorage;
}

export function recall(choice: Choice): string | null {
  try {
    return storeOf(choice).getItem(`venom-modeld.${choice}`);
  } catch {
    return null;
  }
}

export function remember(choice: Choice, value: string | null): void {
  try {
    if (value === null) storeOf(choice).removeItem(`venom-modeld.${choice}`);
    else storeOf(choice).setItem(`venom-modeld.${choice}`, value);
  } catch {
    // Without storage the choice holds until the page is left.
  }
}
