import { Component, type ReactNode } from "react";
import { Cannot } from "../pages/Cannot";

/** The last net: a page that breaks says so instead of going blank. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? <Cannot why="broken" /> : this.props.children;
  }
}
