/** What each provider can't do, by the title of the requirement, with the reason that its users are told. */

/** Provider, then title, then reason. A test asserts that every title exists. */
export const skips: Record<string, Record<string, string>> = {
  embedded: {
    'All pages of a list show the moment of the first': 'each page shows the moment when it was asked for',
    'A container may not take more processor time than its limit':
      'CPU limits are enforced where the engine may write control groups, as root, and shown elsewhere',
    'A privileged container has all capabilities': 'refused with an event: a container stays within its node',
    'A StatefulSet gives its pods names that stay': 'StatefulSets are not served',
    'A CronJob makes Jobs on its schedule': 'CronJobs are not served',
    'A Role says what a ServiceAccount may do': 'there are no roles: whoever has a token may do everything',
    'A ResourceQuota limits what a namespace holds': 'ResourceQuotas are not served',
    'A CustomResourceDefinition adds a kind': 'custom resources are not served',
  },
}
