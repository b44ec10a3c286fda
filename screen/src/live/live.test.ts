import { describe, expect, it, vi } from 'vitest';
import { operation, status } from '../testing/samples';
import { createParser } from './parser';
import { createChannel, createStore } from './store';
import { gist, withOperation } from './stream';

describe('the parser of the stream', () => {
  it('takes items from pieces that are cut anywhere', () => {
    const text = ': still here\n\nretry: 2000\n\nevent: snapshot\nid: 5-1\ndata: {"a":\ndata: 1}\n\ndata:x\r\n\r\n';
    for (const length of [1, 2, 3, 7, text.length]) {
      const parse = createParser();
      const items = [];
      for (let start = 0; start < text.length; start += length) items.push(...parse(text.slice(start, start + length)));
      expect(items).toEqual([
        { event: 'snapshot', id: '5-1', data: '{"a":\n1}' },
        { event: 'message', id: null, data: 'x' },
      ]);
    }
  });

  it('keeps what is not complete', () => expect(createParser()('event: snapshot\ndata: 1\n')).toEqual([]));
});

describe('a snapshot', () => {
  it('says nothing new where only time went by', () => {
    expect(gist(status({ made_at: '2026-03-01T12:00:09.000Z' }))).toBe(gist(status()));
    expect(gist(status({ summary: 'Working: 1' }))).not.toBe(gist(status()));
  });
});

describe('an operation of the stream', () => {
  const known = operation();
  const answer = { success: true, count: 1, operations: [known] } as const;

  it('takes the place of what was known of it', () => {
    const after = withOperation(answer, operation({ progress: 50 }));
    expect(after.turned).toBe(false);
    expect(after.answer.operations).toEqual([operation({ progress: 50 })]);
  });

  it('turns when its status does', () => {
    expect(withOperation(answer, operation({ status: 'completed' })).turned).toBe(true);
  });

  it('comes first when it is new', () => {
    const fresh = operation({ operation_id: 'bbbb-2' });
    expect(withOperation(answer, fresh)).toEqual({ answer: { ...answer, operations: [fresh, known] }, turned: true });
  });
});

describe('a store', () => {
  it('tells its listeners of what is new, and only of that', () => {
    const store = createStore(1);
    const listener = vi.fn();
    const leave = store.subscribe(listener);
    store.set((now) => now);
    store.set((now) => now + 1);
    leave();
    store.set((now) => now + 1);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(store.get()).toBe(3);
  });
});

describe('a channel', () => {
  it('passes on to those who listen', () => {
    const channel = createChannel<number>();
    const heard: number[] = [];
    const leave = channel.subscribe((thing) => heard.push(thing));
    channel.send(1);
    leave();
    channel.send(2);
    expect(heard).toEqual([1]);
  });
});
