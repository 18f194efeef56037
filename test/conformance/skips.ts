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
  // A guest has one namespace, and a Role in it. The rest of the suite holds there as well: context.soak.ts.
  context: {
    'A mutating webhook behind a Service injects a native sidecar into the pods that it selects':
      'webhooks belong to the whole cluster',
    'A webhook that does not answer refuses under failurePolicy Fail, and is passed over under Ignore':
      'webhooks belong to the whole cluster',
    'What is not served is a Status: 404 for a kind and an object, 405 for a verb':
      'outside the namespace all is refused with 403, be it there or not',
    'A DaemonSet runs one pod on every node that takes it': 'nodes may not be listed',
    'A namespace that is deleted takes all that it holds with it':
      'the namespace is not the guest’s to delete',
  },
}
