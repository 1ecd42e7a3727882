import { TranslationBundle } from '@jupyterlab/translation';
import { classes, LabIcon, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { followIcon } from '../presence/icons';
import {
  fullScreenIcon,
  leaveFullScreenIcon,
  pointerIcon,
  stopIcon,
  zoomInIcon,
  zoomOutIcon
} from './icons';
import { IPointer, ISpot, Pointers } from './pointers';
import { useSize } from './use-size';
import { Video } from './video';
import { fit, ISize, IZoom, pan, STEP, WHOLE, zoomAt } from './zoom';

/** How far an arrow key moves the picture, and the laser pointer, in shares of the frame. */
const PAN_STEP = 0.1;
const POINT_STEP = 0.02;

const ARROWS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['ArrowLeft', [-1, 0]],
  ['ArrowRight', [1, 0]],
  ['ArrowUp', [0, -1]],
  ['ArrowDown', [0, 1]]
]);

export interface IScreenProps {
  readonly trackId: string;
  /** Null until it comes. */
  readonly track: MediaStreamTrack | null;
  readonly label: string;
  /** Whose screen it is; null for one of mine. */
  readonly owner: string | null;
  readonly pointers: Pointers;
  readonly nameOf: (memberId: string) => string;
  /** How to go where they go; null for somebody whom one can't follow. */
  readonly follow: {
    readonly isOn: boolean;
    readonly toggle: () => void;
  } | null;
  /** End it, where it is mine. */
  readonly stop: (() => void) | null;
  readonly trans: TranslationBundle;
}

/** A shared screen: to look closer at, to point at, and to follow who shares it. */
export function Screen(props: IScreenProps): React.JSX.Element {
  const { track, label, owner, pointers, trackId, trans } = props;
  const whole = React.useRef<HTMLElement>(null);
  const isFull = useFullScreen(whole);
  const [isPointing, setPointing] = React.useState(false);
  const [zoom, setZoom] = React.useState(WHOLE);
  React.useEffect(() => {
    if (!isFull) {
      setZoom(WHOLE);
    }
  }, [isFull]);
  return (
    <figure
      ref={whole}
      className={classes(
        'csx-Call-screen',
        owner === null ? 'csx-mod-mine' : '',
        isFull ? 'csx-mod-full' : ''
      )}
    >
      <Picture
        {...props}
        track={track}
        zoom={zoom}
        isFull={isFull}
        isPointing={isPointing}
        onZoom={setZoom}
        onPoint={spot => pointers.point(trackId, spot)}
        onOpen={() => void whole.current?.requestFullscreen()}
      />
      <figcaption className="csx-Call-screenBar">
        <span className="csx-Call-screenName">{label}</span>
        {isFull && (
          <ZoomTools zoom={zoom} whole={whole} onZoom={setZoom} trans={trans} />
        )}
        {props.follow && (
          <ScreenTool
            icon={followIcon}
            label={
              props.follow.isOn
                ? trans.__('Stop following %1', owner)
                : trans.__('Follow %1', owner)
            }
            isOn={props.follow.isOn}
            onClick={props.follow.toggle}
          />
        )}
        {owner !== null && (
          <ScreenTool
            icon={pointerIcon}
            label={trans.__('Laser pointer')}
            isOn={isPointing}
            onClick={() => setPointing(!isPointing)}
          />
        )}
        {props.stop && (
          <ScreenTool
            icon={stopIcon}
            label={trans.__('Stop sharing this')}
            onClick={props.stop}
          />
        )}
        <ScreenTool
          icon={isFull ? leaveFullScreenIcon : fullScreenIcon}
          label={
            isFull ? trans.__('Leave full screen') : trans.__('Full screen')
          }
          onClick={() =>
            void (isFull
              ? document.exitFullscreen()
              : whole.current?.requestFullscreen())
          }
        />
      </figcaption>
    </figure>
  );
}

interface IPictureProps extends IScreenProps {
  readonly zoom: IZoom;
  readonly isFull: boolean;
  readonly isPointing: boolean;
  readonly onZoom: (zoom: IZoom) => void;
  readonly onPoint: (spot: ISpot) => void;
  readonly onOpen: () => void;
}

function Picture(props: IPictureProps): React.JSX.Element {
  const { track, label, owner, zoom, isFull, isPointing, trans } = props;
  const view = React.useRef<HTMLDivElement>(null);
  const box = useSize(view, { width: 320, height: 180 });
  const [picture, setPicture] = React.useState<ISize>({ width: 0, height: 0 });
  const frame = fit(picture, box);
  const [spot, setSpot] = React.useState<ISpot>({ x: 0.5, y: 0.5 });
  const drag = React.useRef<{ x: number; y: number } | null>(null);
  useWheel(view, isFull, event => {
    const bounds = event.currentTarget.getBoundingClientRect();
    props.onZoom(
      zoomAt(
        zoom,
        Math.exp(-event.deltaY / 400),
        event.clientX - bounds.left - frame.left,
        event.clientY - bounds.top - frame.top,
        frame
      )
    );
  });

  const pointAt = (at: ISpot): void => {
    setSpot(at);
    props.onPoint(at);
  };
  const onPointerMove = (event: React.PointerEvent<HTMLElement>): void => {
    if (isPointing) {
      const bounds = event.currentTarget.getBoundingClientRect();
      pointAt({
        x: within((event.clientX - bounds.left) / bounds.width),
        y: within((event.clientY - bounds.top) / bounds.height)
      });
    } else if (drag.current) {
      const { x, y } = drag.current;
      drag.current = { x: event.clientX, y: event.clientY };
      props.onZoom(pan(zoom, event.clientX - x, event.clientY - y, frame));
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const arrow = ARROWS.get(event.key);
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (arrow && isPointing) {
      pointAt({
        x: within(spot.x + arrow[0] * POINT_STEP),
        y: within(spot.y + arrow[1] * POINT_STEP)
      });
    } else if (arrow && isFull) {
      const [x, y] = arrow;
      props.onZoom(
        pan(
          zoom,
          -x * PAN_STEP * frame.width,
          -y * PAN_STEP * frame.height,
          frame
        )
      );
    } else if (isFull && '+=-0'.includes(event.key)) {
      props.onZoom(keyZoom(zoom, event.key, frame));
    } else if (event.key === 'Enter' && !isFull) {
      props.onOpen();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      ref={view}
      className="csx-Call-screenView"
      role="group"
      aria-label={
        owner === null
          ? trans.__('What you share')
          : trans.__('Shared by %1', owner)
      }
      aria-keyshortcuts={isFull ? '+ - 0' : 'Enter'}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onDoubleClick={props.onOpen}
    >
      <div
        className={classes(
          'csx-Call-picture',
          isPointing ? 'csx-mod-pointing' : '',
          zoom.scale > 1 && !isPointing ? 'csx-mod-movable' : ''
        )}
        style={{
          left: frame.left,
          top: frame.top,
          width: frame.width,
          height: frame.height,
          transform: `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})`
        }}
        onPointerMove={onPointerMove}
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = { x: event.clientX, y: event.clientY };
        }}
        onPointerUp={() => (drag.current = null)}
        onPointerCancel={() => (drag.current = null)}
      >
        {track && <Video track={track} label={label} onSize={setPicture} />}
        <UseSignal signal={props.pointers.changed}>
          {() => (
            <Dots
              pointers={props.pointers.on(props.trackId)}
              nameOf={props.nameOf}
              scale={zoom.scale}
            />
          )}
        </UseSignal>
      </div>
    </div>
  );
}

interface IDotsProps {
  readonly pointers: readonly IPointer[];
  readonly nameOf: (memberId: string) => string;
  readonly scale: number;
}

function Dots({ pointers, nameOf, scale }: IDotsProps): React.JSX.Element {
  return (
    <>
      {pointers.map(({ memberId, x, y }) => (
        <span
          key={memberId}
          className="csx-Call-dot"
          style={{
            left: `${100 * x}%`,
            top: `${100 * y}%`,
            transform: `scale(${1 / scale})`
          }}
          aria-hidden="true"
        >
          <span className="csx-Call-dotName">{nameOf(memberId)}</span>
        </span>
      ))}
    </>
  );
}

interface IZoomToolsProps {
  readonly zoom: IZoom;
  readonly whole: React.RefObject<HTMLElement>;
  readonly onZoom: (zoom: IZoom) => void;
  readonly trans: TranslationBundle;
}

function ZoomTools(props: IZoomToolsProps): React.JSX.Element {
  const { zoom, trans } = props;
  const change = (key: string): void => {
    const picture = props.whole.current?.querySelector('.csx-Call-picture');
    if (picture instanceof HTMLElement) {
      const { offsetWidth: width, offsetHeight: height } = picture;
      props.onZoom(keyZoom(zoom, key, { width, height }));
    }
  };
  return (
    <>
      <ScreenTool
        icon={zoomOutIcon}
        label={trans.__('Zoom out')}
        onClick={() => change('-')}
      />
      <button
        className="csx-Call-screenTool csx-Call-zoom"
        title={trans.__('Show all of it')}
        aria-label={trans.__('%1 %, show all of it', percent(zoom))}
        onClick={() => change('0')}
      >
        {percent(zoom)} %
      </button>
      <ScreenTool
        icon={zoomInIcon}
        label={trans.__('Zoom in')}
        onClick={() => change('+')}
      />
    </>
  );
}

function ScreenTool(props: {
  readonly icon: LabIcon;
  readonly label: string;
  readonly isOn?: boolean;
  readonly onClick: () => void;
}): React.JSX.Element {
  return (
    <button
      className={classes(
        'csx-Call-screenTool',
        props.isOn ? 'csx-mod-active' : ''
      )}
      aria-label={props.label}
      aria-pressed={props.isOn}
      title={props.label}
      onClick={props.onClick}
    >
      <props.icon.react tag="span" className="csx-Call-icon" />
    </button>
  );
}

/** The zoom after a key, about the middle of what shows. */
function keyZoom(zoom: IZoom, key: string, frame: ISize): IZoom {
  return key === '0'
    ? WHOLE
    : zoomAt(
        zoom,
        key === '-' ? 1 / STEP : STEP,
        frame.width / 2,
        frame.height / 2,
        frame
      );
}

function percent({ scale }: IZoom): number {
  return Math.round(100 * scale);
}

function within(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** Whether an element fills the screen. The browser's Escape leaves, as does its owner going. */
function useFullScreen(element: React.RefObject<HTMLElement>): boolean {
  const [isFull, setFull] = React.useState(false);
  React.useEffect(() => {
    const node = element.current;
    const look = (): void => {
      const isNow = node !== null && document.fullscreenElement === node;
      setFull(isNow);
      if (isNow) {
        node.querySelector<HTMLElement>('.csx-Call-screenView')?.focus();
      }
    };
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, [element]);
  return isFull;
}

/** Take the wheel for oneself; React's own listener can't keep the page from scrolling. */
function useWheel(
  element: React.RefObject<HTMLElement>,
  isOn: boolean,
  onWheel: (event: WheelEvent & { currentTarget: HTMLElement }) => void
): void {
  const latest = React.useRef(onWheel);
  latest.current = onWheel;
  React.useEffect(() => {
    const node = element.current;
    if (!node || !isOn) {
      return;
    }
    const listen = (event: WheelEvent): void => {
      event.preventDefault();
      latest.current(event as WheelEvent & { currentTarget: HTMLElement });
    };
    node.addEventListener('wheel', listen, { passive: false });
    return () => node.removeEventListener('wheel', listen);
  }, [element, isOn]);
}
