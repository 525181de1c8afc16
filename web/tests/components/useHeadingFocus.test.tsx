// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import { type ReactElement, useRef } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

let useHeadingFocus: typeof import("../../src/components/useHeadingFocus").useHeadingFocus;

function Page({ title, field = false }: { title: string; field?: boolean }) {
  const page = useRef<HTMLElement>(null);
  useHeadingFocus(page);
  return (
    <main ref={page}>
      <h1>{title}</h1>
      {field && <input aria-label="Title" ref={(input) => input?.focus()} />}
    </main>
  );
}

/** The page takes the place of the one before. */
function show(page: ReactElement) {
  cleanup();
  render(page);
}

beforeEach(async () => {
  vi.resetModules();
  ({ useHeadingFocus } = await import("../../src/components/useHeadingFocus"));
});
afterEach(cleanup);

describe("the focus", () => {
  it("goes to the heading of a page that takes the place of another one, not of the first", () => {
    show(<Page title="First" />);
    expect(document.activeElement).toBe(document.body);
    show(<Page title="Second" />);
    const heading = screen.getByText("Second");
    expect(document.activeElement).toBe(heading);
    // Reached by the page, not by Tab.
    expect(heading.tabIndex).toBe(-1);
  });

  it("stays in a field that asked for it", () => {
    show(<Page title="First" />);
    show(<Page title="Second" field />);
    expect(document.activeElement).toBe(screen.getByLabelText("Title"));
  });
});
