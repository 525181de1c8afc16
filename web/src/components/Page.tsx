import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "react-router";
import { useText } from "../i18n";
import { useSession } from "../session";
import { AccountMenu, DisplayMenu } from "./Menus";
import { ModeBanner } from "./ModeBanner";
import { useHeadingFocus } from "./useHeadingFocus";

function Logo() {
  return (
    <svg width="32" height="32" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="currentColor" />
      <path d="M21.6 11.2a7 7 0 1 0 0 9.6" fill="none" stroke="#fff" strokeWidth="3.2" strokeLinecap="round" />
      <circle cx="16.6" cy="16" r="2.4" fill="#fff" />
    </svg>
  );
}

/** The title bar names the kind of page, never a meeting. */
export function useDocumentTitle(title: string): void {
  const { app } = useText();
  useEffect(() => {
    document.title = title === app.name ? title : `${title} · ${app.name}`;
  }, [title, app.name]);
}

export function Page({ title, children }: { title: string; children: ReactNode }) {
  const text = useText();
  const { session } = useSession();
  const page = useRef<HTMLDivElement>(null);
  useDocumentTitle(title);
  useHeadingFocus(page);
  return (
    <div className="page" ref={page}>
      <div>
        <button type="button" className="skip" onClick={skipToMain}>
          {text.app.skip}
        </button>
        <ModeBanner site={session?.site} />
        <header className="header">
          <div className="header-inner">
            <Link className="brand" to="/">
              <Logo />
              <span>{session?.site.name ?? text.app.name}</span>
            </Link>
            <DisplayMenu />
            <AccountMenu user={session?.user ?? null} />
          </div>
        </header>
      </div>
      <main className="main" id="main" tabIndex={-1}>
        {children}
      </main>
      <footer className="footer">{session?.site.contact && text.app.help(session.site.contact)}</footer>
    </div>
  );
}

/** A button, not a link: the fragment of the address is where keys travel. */
function skipToMain(): void {
  document.getElementById("main")?.focus();
}
