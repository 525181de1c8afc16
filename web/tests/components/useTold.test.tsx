// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { useTold } from "../../src/components/useTold";

function Page() {
  return <p>{useTold("changed") ?? "nothing"}</p>;
}

afterEach(() => {
  cleanup();
  history.replaceState(null, "", "/");
});

describe("what the portal says in the address", () => {
  it("is shown once and leaves the address bar, so that a reload does not say it again", () => {
    history.replaceState(null, "", "/?changed=password");
    render(<Page />);
    expect(screen.getByText("password")).toBeTruthy();
    expect(location.search).toBe("");
    cleanup();
    render(<Page />);
    expect(screen.getByText("nothing")).toBeTruthy();
  });
});
