import { useEffect, useState } from 'react';

/** A value once it has stopped changing for a while, so that not every letter that is typed asks the daemon. */
export function useSettled<T>(value: T, milliseconds: number): T {
  const text = JSON.stringify(value);
  const [settled, setSettled] = useState(text);

  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), milliseconds);
    return () => clearTimeout(timer);
  }, [text, milliseconds]);

  return JSON.parse(settled) as T;
}
