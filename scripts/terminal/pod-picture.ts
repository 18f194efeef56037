/** Draws a pod with box characters: its containers, what they mount, its volumes. */
import { titleOf, type PictureContainer, type PodPicture } from '#sandbox/course/pod-picture.ts'
import { printable } from './print.ts'
import { cut, pad, width } from './wrap.ts'

/** Lines of at most `columns` (at least 30): containers beside each other where they fit, below each other else. */
export function drawPod(pod: PodPicture, columns: number): string[] {
  const inner = Math.min(columns, 78) - 4
  const boxes = pod.containers.map((container) => containerLines(container))
  const body = [...arrange(boxes, inner), ...pod.volumes.flatMap((volume) => drawVolume(pod, volume, inner))]
  const title = cut(printable(titleOf(pod)), inner - 2)
  const size = Math.min(inner, Math.max(width(title) + 2, ...body.map(width)))
  return frame(
    title,
    body.map((line) => pad(cut(line, size), size)),
  )
}

function containerLines({ name, image, role, ports, mounts }: PictureContainer): {
  title: string
  lines: string[]
} {
  const title = role === 'app' ? name : `${name} (${role})`
  const lines = [image, ...ports.map((port) => `:${port}`), ...mounts.map(mountLine)]
  return { title: printable(title), lines: lines.map(printable) }
}

function mountLine({ volume, path, readOnly }: PictureContainer['mounts'][number]): string {
  return `${path} ← ${volume}${readOnly ? ' (read-only)' : ''}`
}

function arrange(boxes: { title: string; lines: string[] }[], columns: number): string[] {
  const beside = boxes.map(({ title, lines }) => frame(title, lines))
  const total = beside.reduce((sum, [top = '']) => sum + width(top) + 2, -2)
  if (total > columns) {
    return boxes.flatMap(({ title, lines }) =>
      frame(
        cut(title, columns - 6),
        lines.map((line) => cut(line, columns - 4)),
      ),
    )
  }
  const height = Math.max(0, ...boxes.map(({ lines }) => lines.length))
  const level = boxes.map(({ title, lines }) =>
    frame(title, [...lines, ...Array.from({ length: height - lines.length }, () => '')]),
  )
  return Array.from({ length: height + 2 }, (_, line) => level.map((box) => box[line]).join('  '))
}

/** A volume, and which containers share it. */
function drawVolume(pod: PodPicture, volume: PodPicture['volumes'][number], columns: number): string[] {
  const users = pod.containers.filter(({ mounts }) => mounts.some((mount) => mount.volume === volume.name))
  const names = users.map(({ name }) => name).join(', ') || 'nobody'
  return [cut(printable(`▤ ${volume.name} (${volume.kind}): ${names}`), columns)]
}

function frame(title: string, lines: string[]): string[] {
  const inner = Math.max(width(title) + 2, ...lines.map(width))
  return [
    `┌─ ${title} ${'─'.repeat(inner - width(title) - 1)}┐`,
    ...lines.map((line) => `│ ${pad(line, inner)} │`),
    `└${'─'.repeat(inner + 2)}┘`,
  ]
}
