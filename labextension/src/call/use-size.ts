import React from 'react';

import { ISize } from './zoom';

/** The inner size of an element, as it changes. */
export function useSize(
  element: React.RefObject<HTMLElement>,
  atFirst: ISize
): ISize {
  const [size, setSize] = React.useState(atFirst);
  React.useEffect(() => {
    const node = element.current;
    if (!node) {
      return;
    }
    const observer = new ResizeObserver(() => {
      setSize({ width: node.clientWidth, height: node.clientHeight });
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
