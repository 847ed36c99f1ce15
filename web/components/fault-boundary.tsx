import { Component, type ReactNode } from "react";
import { strings } from "../text/strings";

type FaultBoundaryProps = {
  /** Shown instead of the children after a fault; a message by default. */
  fallback?: ReactNode;
  children: ReactNode;
};

/**
 * Keeps the rest of the page when a part fails, such as one whose code cannot be loaded while the server is
 * away or after its upgrade.
 */
export class FaultBoundary extends Component<FaultBoundaryProps, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    const { fallback = <Fault />, children } = this.props;
    return this.state.hasFailed ? fallback : children;
  }
}

/** The address is the state, so a reload shows the same place. */
export function Fault() {
  return (
    <p className="problem" role="alert">
      {strings.partFailed}{" "}
      <button type="button" className="link" onClick={() => location.reload()}>
        {strings.loadAgain}
      </button>
    </p>
  );
}
