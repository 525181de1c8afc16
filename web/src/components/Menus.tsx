import { Check, CircleUserRound, KeyRound, LogIn, LogOut, Settings2, Smartphone } from "lucide-react";
import { useState } from "react";
import { Button, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover } from "react-aria-components";
import { changeAddress, type Language, portal, type Session, signInAddress } from "../api/portal";
import { catalogues, languages, useLanguage } from "../i18n";
import { chooseTheme, storedTheme, type Theme, themes } from "../theme";

export function DisplayMenu() {
  const { text, language, choose } = useLanguage();
  const [theme, setTheme] = useState(storedTheme);
  const themeNames: Record<Theme, string> = {
    system: text.app.themeSystem,
    light: text.app.themeLight,
    dark: text.app.themeDark,
  };
  return (
    <MenuTrigger>
      <Button className="button plain" aria-label={`${text.languageName}, ${text.app.display}`}>
        <Settings2 size={20} aria-hidden="true" />
        <span className="header-word">{text.languageName}</span>
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="list-box">
          <MenuSection
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={[language]}
            onSelectionChange={(keys) => choose([...keys][0] as Language)}
          >
            <Header className="list-heading">{text.app.language}</Header>
            {languages.map((id) => (
              <MenuItem key={id} id={id} className="list-item" textValue={catalogues[id].languageName}>
                <span lang={id}>{catalogues[id].languageName}</span>
                <Check className="check" size={18} aria-hidden="true" />
              </MenuItem>
            ))}
          </MenuSection>
          <MenuSection
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={[theme]}
            onSelectionChange={(keys) => {
              const chosen = [...keys][0] as Theme;
              chooseTheme(chosen);
              setTheme(chosen);
            }}
          >
            <Header className="list-heading">{text.app.theme}</Header>
            {themes.map((id) => (
              <MenuItem key={id} id={id} className="list-item" textValue={themeNames[id]}>
                {themeNames[id]}
                <Check className="check" size={18} aria-hidden="true" />
              </MenuItem>
            ))}
          </MenuSection>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

export function AccountMenu({ user }: { user: Session["user"] }) {
  const { text } = useLanguage();
  if (!user)
    return (
      <a className="button plain" href={signInAddress(location.pathname)} aria-label={text.app.signIn}>
        <LogIn size={20} aria-hidden="true" />
        <span className="header-word">{text.app.signIn}</span>
      </a>
    );
  return (
    <MenuTrigger>
      <Button className="button plain" aria-label={text.app.account(user.name)}>
        <CircleUserRound size={20} aria-hidden="true" />
        <span className="header-word">{user.name}</span>
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="list-box" onAction={(id) => accountActions[id as keyof typeof accountActions]()}>
          <MenuSection>
            <Header className="list-heading">{user.name}</Header>
            <MenuItem id="password" className="list-item">
              <KeyRound size={18} aria-hidden="true" />
              {text.app.changePassword}
            </MenuItem>
            <MenuItem id="authenticator" className="list-item">
              <Smartphone size={18} aria-hidden="true" />
              {text.app.addAuthenticator}
            </MenuItem>
            <MenuItem id="out" className="list-item">
              <LogOut size={18} aria-hidden="true" />
              {text.app.signOut}
            </MenuItem>
          </MenuSection>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

const accountActions = {
  password: () => location.assign(changeAddress("password")),
  authenticator: () => location.assign(changeAddress("authenticator")),
  out: () => void signOut(),
};

async function signOut(): Promise<void> {
  const { redirect } = await portal.signOut();
  location.assign(redirect);
}
