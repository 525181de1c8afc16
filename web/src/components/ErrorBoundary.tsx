import { Component, type ReactNode } from "react";
import { ErrorPage } from "../pages/ErrorPage";

/** The last net: a page that breaks says so instead of going blank. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError(): { crashed: boolean } {
    return { crashed: true };
  }

  override render(): ReactNode {
    return this.state.crashed ? <ErrorPage reason="crashed" /> : this.props.children;
  }
}
