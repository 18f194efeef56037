/** Which images a lesson runs: those that its manifests name, from the start to the last solution. */
import type { Lesson } from './lesson.ts'
import { parseManifests } from './manifests.ts'
import { filesAfter } from './states.ts'
import { imagesOf } from './target.ts'

/** References as the manifests write them, sorted, each once. */
export async function lessonImages(lesson: Lesson): Promise<string[]> {
  const states = await Promise.all([-1, ...lesson.steps.keys()].map((step) => filesAfter(lesson, step)))
  const parsed = await Promise.all(states.map((files) => parseManifests(files)))
  return [
    ...new Set(parsed.flatMap(({ objects }) => objects.flatMap(({ manifest }) => imagesOf(manifest)))),
  ].sort()
}
