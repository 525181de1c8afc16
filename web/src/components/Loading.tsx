import { useText } from "../i18n";
import { Page } from "./Page";

export function Loading() {
  const text = useText();
  return (
    <Page title={text.app.loading}>
      <div className="stack-small" role="status">
        <span className="hidden-text">{text.app.loading}</span>
        <div className="skeleton" />
        <div className="skeleton" />
      </div>
    </Page>
  );
}
