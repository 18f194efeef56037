/** Where everything of a pod's picture stands: pure geometry, in pixels, for a given width. */
import type { PictureContainer, PodPicture } from '#sandbox/course/pod-picture.ts'

/** A line of text in a container's box. */
export interface BoxLine {
  kind: 'name' | 'image' | 'program' | 'role' | 'port' | 'call' | 'path'
  text: string
  /** Said behind it, in a lower voice. */
  note?: string
  /** What begins in this line; a long path goes on in the next. */
  mount?: PictureContainer['mounts'][number]
  /** Middle of the line. */
  y: number
}

/** A container's box. */
export interface Box {
  container: PictureContainer
  x: number
  y: number
  width: number
  height: number
  nameY: number
  lines: BoxLine[]
  /** Its place in the order of start; the app containers share the last one. Absent where all start at once. */
  turn?: number
}

/** A wire from a container's box to the rail of a volume. */
export interface Wire {
  volume: number
  /** Where the path's text ends: a fine line leads from there to the wire. */
  textX: number
  fromX: number
  toX: number
  y: number
  readOnly: boolean
}

/** A volume: its box below the containers, and the rail that its wires meet. */
export interface Volume {
  name: string
  kind: string
  x: number
  y: number
  width: number
  height: number
  railX: number
  railTop: number
}

/** A call over localhost, as a path on the left of the boxes. */
export interface Call {
  laneX: number
  fromY: number
  toX: number
  toY: number
}

/** The life of a native sidecar: from its box down to the end of all containers. */
export interface Life {
  x: number
  fromY: number
  toY: number
  boxX: number
}

/** A laid out picture. */
export interface Scene {
  width: number
  height: number
  boxes: Box[]
  wires: Wire[]
  volumes: Volume[]
  calls: Call[]
  lives: Life[]
  /** The line through the numbers of the order of start. */
  order?: { x: number; fromY: number; toY: number }
}

/** Width of a character of the monospaced fonts, and of the name's, at their sizes in the style sheet. */
const CHARACTER = 7.9
const NAME_CHARACTER = 9.1
const LINE = 22
const HEAD = 44
const PADDING = 14
const GAP = 12
const LANE = 14
const VOLUME_HEIGHT = 34

/** Lays a pod out in a picture of this width; the boxes stand below each other in the order in which they start. */
export function layoutPod(pod: PodPicture, width: number): Scene {
  // Rails stand apart where there is room for it.
  const rail = width > 500 ? 24 : 18
  const volumes = pod.volumes.filter(({ name }) => usersOf(pod, name).length > 0)
  const isOrdered = pod.containers.some(({ role }) => role !== 'app')
  const sidecars = pod.containers.filter(({ role }) => role === 'sidecar').length
  const orderWidth = isOrdered ? 34 : 0
  const x = PADDING + orderWidth + pod.calls.length * LANE + sidecars * 9 + (pod.calls.length > 0 ? 6 : 0)
  const right = width - PADDING - (volumes.length > 0 ? volumes.length * rail + 2 : 0)
  const boxes = layoutBoxes(pod, x, right - x, isOrdered)
  const bottom = boxes.at(-1)!.y + boxes.at(-1)!.height
  const laidOut = layoutVolumes(volumes, { x, right, rail, top: bottom + GAP + 8, boxes })
  const lastVolume = laidOut.at(-1)
  return {
    width,
    height: (lastVolume ? lastVolume.y + lastVolume.height : bottom) + PADDING + 2,
    boxes,
    wires: layoutWires(boxes, laidOut),
    volumes: laidOut,
    calls: layoutCalls(pod, boxes, PADDING + orderWidth + 4),
    lives: layoutLives(boxes, bottom, x),
    order: isOrdered
      ? { x: PADDING + 12, fromY: boxes[0]!.nameY, toY: boxes.findLast(({ turn }) => turn)!.nameY }
      : undefined,
  }
}

function usersOf(pod: PodPicture, volume: string): PictureContainer[] {
  return pod.containers.filter(({ mounts }) => mounts.some((mount) => mount.volume === volume))
}

function layoutBoxes(pod: PodPicture, x: number, width: number, isOrdered: boolean): Box[] {
  let y = HEAD
  let turn = 0
  let isAppSeen = false
  return pod.containers.map((container) => {
    if (container.role !== 'app' || !isAppSeen) turn++
    isAppSeen ||= container.role === 'app'
    const nameY = y + 20
    const lines = layoutLines(pod, container, width, nameY)
    const height = lines.at(-1)!.y + 18 - y
    const box = { container, x, y, width, height, nameY, lines, turn: isOrdered ? turn : undefined }
    y += height + GAP
    return box
  })
}

function layoutLines(pod: PodPicture, container: PictureContainer, width: number, firstY: number): BoxLine[] {
  const { name, image, role, program, ports, mounts } = container
  const inner = width - 28
  const lines: Omit<BoxLine, 'y'>[] = wrap(name, inner / NAME_CHARACTER).map((text) => ({
    kind: 'name',
    text,
  }))
  const add = (kind: BoxLine['kind'], text: string) => lines.push({ kind, text })
  const isImageBeside = name.length * NAME_CHARACTER + image.length * CHARACTER + 20 < inner
  if (role !== 'app') add('role', ROLES[role])
  if (!isImageBeside) for (const text of wrap(image, inner / CHARACTER)) add('image', text)
  if (program) add('program', `runs ${program}`)
  for (const port of ports) add('port', `listens on :${port}`)
  for (const call of pod.calls.filter(({ from }) => from === name))
    add('call', `calls localhost:${call.port}`)
  lines.push(...mounts.flatMap((mount) => mountLines(mount, (inner - 6) / CHARACTER)))
  const placed = lines.map((line, index) => ({ ...line, y: firstY + index * LINE }))
  return isImageBeside ? [{ kind: 'image', text: image, y: firstY }, ...placed] : placed
}

const ROLES = { init: 'init: runs to its end', sidecar: 'sidecar: starts, stays' }

function mountLines(mount: PictureContainer['mounts'][number], characters: number): Omit<BoxLine, 'y'>[] {
  const note = mount.readOnly ? 'read-only' : undefined
  const parts = wrap(mount.path, characters)
  // The note has a line of its own where it does not fit behind the path.
  if (note && parts.at(-1)!.length + note.length + 1 > characters) parts.push('')
  return parts.map((text, index) => ({
    kind: 'path',
    text,
    mount: index === 0 ? mount : undefined,
    note: index === parts.length - 1 ? note : undefined,
  }))
}

/** Breaks a name, an image or a path in front of a slash or behind a dash, and anywhere where that does not help. */
function wrap(text: string, characters: number): string[] {
  const size = Math.max(1, Math.floor(characters))
  const parts = text
    .split(/(?=\/)|(?<=-)/)
    .flatMap((part) => part.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [])
  const lines = ['']
  for (const part of parts) {
    if ((lines.at(-1) + part).length > size && lines.at(-1) !== '') lines.push('')
    lines[lines.length - 1] += part
  }
  return lines
}

function layoutVolumes(
  volumes: PodPicture['volumes'],
  { x, right, rail, top, boxes }: { x: number; right: number; rail: number; top: number; boxes: Box[] },
): Volume[] {
  return volumes.map(({ name, kind }, index) => {
    const railX = right + (index + 1) * rail - 4
    return {
      name,
      kind,
      x,
      y: top + index * (VOLUME_HEIGHT + 8),
      width: railX - x - 10,
      height: VOLUME_HEIGHT,
      railX,
      railTop: mountsIn(boxes).find(({ mount }) => mount.volume === name)!.line.y,
    }
  })
}

function layoutWires(boxes: Box[], volumes: Volume[]): Wire[] {
  return mountsIn(boxes).flatMap(({ box, line, mount }) => {
    const volume = volumes.findIndex(({ name }) => name === mount.volume)
    if (volume === -1) return []
    const characters = line.text.length + (line.note ? line.note.length + 1 : 0)
    return [
      {
        volume,
        textX: box.x + 14 + characters * CHARACTER + 10,
        fromX: box.x + box.width,
        toX: volumes[volume]!.railX,
        y: line.y,
        readOnly: mount.readOnly,
      },
    ]
  })
}

function mountsIn(boxes: Box[]) {
  return boxes.flatMap((box) =>
    box.lines.flatMap((line) => (line.mount ? [{ box, line, mount: line.mount }] : [])),
  )
}

function layoutCalls(pod: PodPicture, boxes: Box[], x: number): Call[] {
  return pod.calls.map(({ from, to, port }, lane) => {
    const [caller, called] = [from, to].map((name) => boxes.find(({ container }) => container.name === name)!)
    const call = caller!.lines.find(({ kind, text }) => kind === 'call' && text.endsWith(`:${port}`))!
    const listener = called!.lines.find(({ kind, text }) => kind === 'port' && text.endsWith(`:${port}`))
    return { laneX: x + lane * LANE, fromY: call.y, toX: called!.x, toY: listener?.y ?? called!.nameY }
  })
}

function layoutLives(boxes: Box[], bottom: number, x: number): Life[] {
  const sidecars = boxes.filter(({ container }) => container.role === 'sidecar')
  return sidecars.map((box, index) => ({
    x: x - 7 - index * 9,
    fromY: box.nameY,
    toY: bottom,
    boxX: x,
  }))
}
