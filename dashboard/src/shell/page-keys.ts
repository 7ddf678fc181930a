import { useEffect } from "preact/hooks";

/** Keys that mean something on the page shown alone. */
export const pageKeys: ReadonlyMap<string, () => void> & Pick<Map<string, () => void>, "set" | "delete"> = new Map();

/** Gives a key a meaning while the calling component is there. */
export function usePageKey(key: string, act: () => void): void {
  useEffect(() => {
    pageKeys.set(key, act);
    return () => {
      if (pageKeys.get(key) === act) pageKeys.delete(key);
    };
  }, [key, act]);
}
