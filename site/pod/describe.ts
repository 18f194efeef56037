/** Says in words what the picture of a pod shows. */
import type { PictureContainer, PodPicture } from '#sandbox/course/pod-picture.ts'

/** A few sentences for those who don't see the picture. */
export function describePod(pod: PodPicture): string {
  const calls = pod.calls.map(({ from, to, port }) => `${from} calls ${to} over localhost, port ${port}.`)
  const volumes = pod.volumes.map(({ name, kind }) => `Volume ${name} is of type ${kind}.`)
  return [...pod.containers.map(describeContainer), ...calls, ...volumes].join(' ')
}

const ROLES = { init: 'Init container', sidecar: 'Native sidecar', app: 'Container' }

function describeContainer({ name, image, role, program, ports, mounts }: PictureContainer): string {
  const facts = [
    `has the image ${image}`,
    program && `runs ${program}`,
    ports.length > 0 && `listens on port ${ports.join(' and ')}`,
    ...mounts.map(
      ({ volume, path, readOnly }) => `sees volume ${volume} at ${path}${readOnly ? ', read-only' : ''}`,
    ),
  ]
  return `${ROLES[role]} ${name} ${facts.filter(Boolean).join(', ')}.`
}
