/** What is wrong with the volumes of a pod. */
import type { Volume } from '../../objects.ts'
import { labelProblem } from '../metadata.ts'
import { type Cause, forbiddenField, invalidValue, required } from '../status.ts'
import { unique, validateRelativePath } from './field-rules.ts'

/** Checks the volumes that stand at `field`. */
export function validateVolumes(volumes: readonly Volume[], field: string): Cause[] {
  return [
    ...volumes.flatMap((volume, at) => validateVolume(volume, `${field}[${at}]`)),
    ...unique(
      volumes,
      (volume) => volume.name,
      (at) => `${field}[${at}].name`,
    ),
  ]
}

function validateVolume(volume: Volume, field: string): Cause[] {
  const causes: Cause[] = []
  const problem = volume.name ? labelProblem(volume.name) : undefined
  if (!volume.name) causes.push(required(`${field}.name`))
  else if (problem) causes.push(invalidValue(`${field}.name`, volume.name, problem))
  const [, second] = Object.keys(volume).filter((key) => key !== 'name')
  if (second) causes.push(forbiddenField(`${field}.${second}`, 'may not specify more than 1 volume type'))
  if (volume.configMap && !volume.configMap.name) causes.push(required(`${field}.configMap.name`))
  if (volume.secret && !volume.secret.secretName) causes.push(required(`${field}.secret.secretName`))
  if (volume.hostPath && !volume.hostPath.path) causes.push(required(`${field}.hostPath.path`))
  const items = { configMap: volume.configMap?.items, secret: volume.secret?.items }
  for (const [source, list] of Object.entries(items)) {
    list?.forEach((item, at) => {
      const place = `${field}.${source}.items[${at}]`
      if (!item.key) causes.push(required(`${place}.key`))
      if (!item.path) causes.push(required(`${place}.path`))
      else causes.push(...validateRelativePath(item.path, `${place}.path`))
    })
  }
  return causes
}
