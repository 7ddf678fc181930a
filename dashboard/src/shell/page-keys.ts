import { useEffect } from "preact/hooks";

/** Shortcuts of the current page. */
export const pageKeys: ReadonlyMap<string, () => void> & Pick<Map<string, () => void>, "set" | "delete"> = new Map();

/** Registers a shortcut while the component is mounted. */
export function usePageKey(key: string, act: () => void): void {
  useEffect(() => {
    pageKeys.set(key, act);
    return () => {
      if (pageKeys.get(key) === act) pageKeys.delete(key);
    };
  }, [key, act]);
}
