import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { I18nProvider } from "react-aria-components";
import type { Language } from "../api/portal";
import { de } from "./de";
import { type Catalogue, en } from "./en";

export const catalogues: Record<Language, Catalogue> = { de, en };
export const languages = Object.keys(catalogues) as Language[];

const STORED = "conclave.language";

/** The language of a tag such as "de-AT", if there is a catalogue for it. */
function supported(tag: string | null | undefined): Language | undefined {
  const primary = tag?.toLowerCase().split("-")[0];
  return languages.find((language) => language === primary);
}

/**
 * The reader's language: chosen here before, else on the sign-in pages, else the browser's, else the site's.
 *
 * @param preferred the browser's languages, most wanted first (`navigator.languages`)
 */
export function pickLanguage(
  stored: string | null,
  account: string | null | undefined,
  preferred: readonly string[],
  site: string | undefined,
): Language {
  const fromBrowser = preferred.map((tag) => supported(tag)).find((language) => language !== undefined);
  return supported(stored) ?? supported(account) ?? fromBrowser ?? supported(site) ?? "en";
}

interface LanguageState {
  language: Language;
  /** Full tag with the reader's region where known, so that dates and times follow it ("de-AT"). */
  locale: string;
  text: Catalogue;
  choose: (language: Language) => void;
}

const LanguageContext = createContext<LanguageState | undefined>(undefined);

export function LanguageProvider({
  site,
  account,
  children,
}: {
  site: string | undefined;
  account?: string | null | undefined;
  children: ReactNode;
}) {
  const [stored, setStored] = useState(() => localStorage.getItem(STORED));
  const state = useMemo((): LanguageState => {
    const language = pickLanguage(stored, account, navigator.languages, site);
    const locale = navigator.languages.find((tag) => supported(tag) === language && tag.includes("-"));
    return {
      language,
      locale: locale ?? (language === "de" ? "de-DE" : "en-GB"),
      text: catalogues[language],
      choose: (chosen) => {
        localStorage.setItem(STORED, chosen);
        setStored(chosen);
      },
    };
  }, [stored, account, site]);

  useEffect(() => {
    document.documentElement.lang = state.language;
  }, [state.language]);

  return (
    <LanguageContext value={state}>
      <I18nProvider locale={state.locale}>{children}</I18nProvider>
    </LanguageContext>
  );
}

export function useLanguage(): LanguageState {
  const state = useContext(LanguageContext);
  if (!state) throw new Error("useLanguage outside LanguageProvider");
  return state;
}

export const useText = (): Catalogue => useLanguage().text;
