import { type RefObject, useEffect } from "react";

let first = true;

/**
 * Moves the focus to a page's heading when the page takes the place of another one, so that it goes where the eye goes.
 * Not for the first page, which the browser reads out anyway, nor when a field asked for the focus.
 */
export function useHeadingFocus(page: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const wasFirst = first;
    first = false;
    if (wasFirst || (document.activeElement && document.activeElement !== document.body)) return;
    const heading = page.current?.querySelector("h1");
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }, [page]);
}
