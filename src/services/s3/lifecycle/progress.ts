/** Of work that goes through many things and may say nothing for minutes: now and then, how far it has come. */

const EVERY_MILLISECONDS = 5_000;

/**
 * Hands on what comes. @param tell called with how many came, every so often @param now milliseconds on a clock that only
 * goes forward
 */
export async function* withProgress<Item>(
  items: AsyncIterable<Item>,
  tell: (count: number) => void,
  now: () => number = () => performance.now(),
): AsyncGenerator<Item> {
  let count = 0;
  let next = now() + EVERY_MILLISECONDS;
  for await (const item of items) {
    yield item;
    count += 1;
    const time = now();
    if (time < next) continue;
    next = time + EVERY_MILLISECONDS;
    tell(count);
  }
}
