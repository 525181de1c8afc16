// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Site } from "../../src/api/portal";
import { ModeBanner } from "../../src/components/ModeBanner";
import { LanguageProvider } from "../../src/i18n";

const site: Site = {
  name: "Site",
  domain: "conf.lab.example",
  contact: "",
  mode: "open",
  mode_since: null,
  mode_until: null,
};

const at = (hour: number, minute: number) => {
  const time = new Date();
  time.setHours(hour, minute, 0, 0);
  return time.toISOString();
};

describe("the banner", () => {
  beforeEach(() => {
    localStorage.setItem("conclave.language", "en");
    vi.spyOn(navigator, "languages", "get").mockReturnValue(["en-GB"]);
  });
  afterEach(() => {
    cleanup();
    vi.restoreAllMocks();
    vi.useRealTimers();
    localStorage.clear();
  });
  const banner = (shown: Site | undefined) => (
    <LanguageProvider site="en">
      <ModeBanner site={shown} />
    </LanguageProvider>
  );
  const said = () => screen.getByRole("status").textContent;

  it("says nothing while the site is open, and is there to be spoken", () => {
    render(banner(site));
    expect(said()).toBe("");
  });

  it("says since when the site is isolated", () => {
    render(banner({ ...site, mode: "isolated", mode_since: at(14, 2) }));
    expect(said()).toBe("Isolated since 14:02. Nobody outside this site can be reached or can listen in.");
  });

  it("says it in German", () => {
    localStorage.setItem("conclave.language", "de");
    render(banner({ ...site, mode: "isolated", mode_since: at(14, 2) }));
    expect(said()).toBe(
      "Abgeschottet seit 14:02. Niemand außerhalb dieses Standorts ist erreichbar oder kann mithören.",
    );
  });

  it("says that it is a rehearsal, and when it ends", () => {
    render(banner({ ...site, mode: "isolated", mode_since: at(14, 2), mode_until: at(14, 32) }));
    expect(said()).toContain("This is a rehearsal. It ends at 14:32.");
  });

  it("says when nobody knows", () => {
    render(banner({ ...site, mode: "unknown" }));
    expect(said()).toContain("not known");
  });

  it("says for a minute that the site is open again, to those who saw it isolated", () => {
    vi.useFakeTimers();
    const { rerender } = render(banner({ ...site, mode: "isolated", mode_since: at(14, 2) }));
    rerender(banner(site));
    expect(said()).toContain("open again");
    vi.advanceTimersByTime(61_000);
    rerender(banner(site));
    expect(said()).toBe("");
  });
});
