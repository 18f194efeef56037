/** Draws a pod as SVG: once for a page, once for a phone, of which the style sheet shows one. */
import type { JSX } from 'preact'
import { titleOf, type PodPicture } from '#sandbox/course/pod-picture.ts'
import { describePod } from './describe.ts'
import { layoutPod, type Box, type Call, type Life, type Scene, type Volume, type Wire } from './layout.ts'

const WIDTHS = { wide: 704, narrow: 328 } as const

/** The picture of a pod, and the manifest that it was drawn from. `id` is unique in the page. */
export function PodFigure(props: { id: string; picture: PodPicture; manifest: string }): JSX.Element {
  const { id, picture, manifest } = props
  return (
    <figure class="pod" data-pod={manifest}>
      <PodDrawing id={`${id}-wide`} picture={picture} size="wide" />
      <PodDrawing id={`${id}-narrow`} picture={picture} size="narrow" />
      <figcaption>
        Drawn from <code>{manifest}</code>
      </figcaption>
    </figure>
  )
}

function PodDrawing(props: { id: string; picture: PodPicture; size: keyof typeof WIDTHS }): JSX.Element {
  const { id, picture, size } = props
  const scene = layoutPod(picture, WIDTHS[size])
  const { width, height } = scene
  return (
    <svg
      class={size}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-labelledby={`${id}-title ${id}-words`}
    >
      <title id={`${id}-title`}>{titleOf(picture)}</title>
      <desc id={`${id}-words`}>{describePod(picture)}</desc>
      <rect class="hull" x="1" y="1" width={width - 2} height={height - 2} rx="16" />
      <text class="pod-title" x="16" y="23">
        {titleOf(picture)}
      </text>
      {size === 'wide' && (
        <text class="aside" x={width - 16} y="23" text-anchor="end">
          one address, one localhost
        </text>
      )}
      <SceneParts scene={scene} />
    </svg>
  )
}

/** Back to front: rails, then what crosses them. */
function SceneParts({ scene }: { scene: Scene }): JSX.Element {
  const { order } = scene
  return (
    <>
      {order && <path class="order" d={`M${order.x} ${order.fromY}V${order.toY}`} />}
      {scene.lives.map((life) => (
        <LifeLine life={life} />
      ))}
      {scene.volumes.map((volume, index) => (
        <VolumeBox volume={volume} index={index} />
      ))}
      {scene.boxes.map((box) => (
        <ContainerBox box={box} orderX={order?.x} />
      ))}
      {scene.wires.map((wire) => (
        <MountWire wire={wire} />
      ))}
      {scene.calls.map((call) => (
        <CallArrow call={call} />
      ))}
    </>
  )
}

function ContainerBox({ box, orderX }: { box: Box; orderX?: number }): JSX.Element {
  const { container, x, y, width, height, nameY, lines, turn } = box
  return (
    <g class={`box ${container.role}`}>
      <rect x={x} y={y} width={width} height={height} rx="9" />
      {lines.map(({ kind, text, note, y: lineY }) => {
        const isBeside = kind === 'image' && lineY === nameY
        return (
          <text
            class={kind}
            x={isBeside ? x + width - 14 : x + 14}
            y={lineY}
            text-anchor={isBeside ? 'end' : undefined}
          >
            {text}
            {note && <tspan class="note"> {note}</tspan>}
          </text>
        )
      })}
      {turn !== undefined && orderX !== undefined && (
        <g class="turn">
          <circle cx={orderX} cy={nameY} r="11" />
          <text x={orderX} y={nameY} text-anchor="middle">
            {turn}
          </text>
        </g>
      )}
    </g>
  )
}

/** The rail comes down from the first wire and turns into the volume's box. */
function VolumeBox({ volume, index }: { volume: Volume; index: number }): JSX.Element {
  const { name, kind, x, y, width, height, railX, railTop } = volume
  const middle = y + height / 2
  return (
    <g class={`volume v${index % 5}`}>
      <path class="rail" d={`M${railX} ${railTop}V${middle - 8}q0 8 -8 8H${x + width}`} />
      <rect x={x} y={y} width={width} height={height} rx="9" />
      <text class="name" x={x + 14} y={middle}>
        {name}
      </text>
      <text class="kind" x={x + width - 14} y={middle} text-anchor="end">
        {kind}
      </text>
    </g>
  )
}

/** Filled where the container may write, hollow where it only reads. */
function MountWire({ wire }: { wire: Wire }): JSX.Element {
  const { volume, textX, fromX, toX, y, readOnly } = wire
  return (
    <g class={`volume v${volume % 5}`}>
      {fromX - textX > 14 && <path class="leader" d={`M${fromX - 10} ${y}H${textX}`} />}
      <path class="halo" d={`M${fromX + 2} ${y}H${toX - 5}`} />
      <path class="rail" d={`M${fromX} ${y}H${toX}`} />
      <circle class={readOnly ? 'stop hollow' : 'stop'} cx={toX} cy={y} r="4.5" />
      <circle class={readOnly ? 'stop hollow' : 'stop'} cx={fromX} cy={y} r="4.5" />
    </g>
  )
}

function CallArrow({ call }: { call: Call }): JSX.Element {
  const { laneX, fromY, toX, toY } = call
  const turn = toY > fromY ? 6 : -6
  const path = `M${toX} ${fromY}H${laneX + 6}q-6 0 -6 ${turn}V${toY - turn}q0 ${turn} 6 ${turn}H${toX - 3}`
  return (
    <g class="call-arrow">
      <path class="halo" d={path} />
      <path d={path} />
      <path class="head" d={`M${toX} ${toY}l-9 -5v10z`} />
    </g>
  )
}

function LifeLine({ life }: { life: Life }): JSX.Element {
  const { x, fromY, toY, boxX } = life
  return <path class="life" d={`M${boxX} ${fromY}H${x + 4}q-4 0 -4 4V${toY}`} />
}
