/** Takes server-sent events out of pieces of text, as the HTML standard describes the format. */

export interface StreamItem {
  readonly event: string;
  readonly data: string;
  /** Where to go on after this item; null where the item has no id of its own. */
  readonly id: string | null;
}

/** Returns a function that takes the next piece of the stream and returns the items that it completes. */
export function createParser(): (piece: string) => StreamItem[] {
  let rest = '';
  let lines: string[] = [];

  return (piece) => {
    const items: StreamItem[] = [];
    const whole = (rest + piece).split(/\r\n|\n|\r/);
    rest = whole.pop() ?? '';
    for (const line of whole) {
      if (line !== '') {
        lines.push(line);
        continue;
      }
      const item = itemOf(lines);
      lines = [];
      if (item) items.push(item);
    }
    return items;
  };
}

function itemOf(lines: readonly string[]): StreamItem | null {
  let event = 'message';
  let id: string | null = null;
  const data: string[] = [];
  for (const line of lines) {
    const [name, value] = fieldOf(line);
    if (name === 'event') event = value;
    else if (name === 'id') id = value;
    else if (name === 'data') data.push(value);
  }
  return data.length > 0 ? { event, data: data.join('\n'), id } : null;
}

function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}
