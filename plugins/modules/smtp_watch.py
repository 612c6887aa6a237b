#!/usr/bin/python
# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_watch
short_description: Watch mail servers while something is changed, and measure the interruption
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Makes the checks of M(mailops.smtp.smtp_check) at a steady interval until the duration is over, a stop file
    appears, or the job ends, and returns each outage with its beginning, its end and how it looked, and what changed
    meanwhile.
  - Start it with C(async) before a change, and collect it afterwards with O(collect). What it has seen stands in its
    log on the host that watches, whatever becomes of the SSH session or of the controller in between.
  - Each check is light. It ends with QUIT after STARTTLS, unless O(check) says otherwise, and never sends a message.
  - A refusal, or anything else that fails a check of M(mailops.smtp.smtp_check), counts as an outage. The vantage's own
    trouble does not.
attributes:
  check_mode:
    description: Can run in check mode, and then looks at the options and makes no check.
    support: full
  diff_mode:
    description: Returns details on what has changed, or could change.
    support: none
  action_group:
    description: Use C(group/mailops.smtp.smtp) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - mailops.smtp.smtp
options:
  host:
    description:
      - The one mail server to watch, as in M(mailops.smtp.smtp_check).
    type: str
  targets:
    description:
      - What to watch, as in M(mailops.smtp.smtp_check). Names are looked up anew for each check, so that a change in
        DNS shows.
    type: list
    elements: raw
  check:
    description:
      - Further options of M(mailops.smtp.smtp_check), for all targets.
      - Its time limits are by default those of a watch, O(interval) seconds, but no less than 2 to connect and 5 for a
        reply.
    type: dict
  via:
    description:
      - The jump host to watch through, as in M(mailops.smtp.smtp_check). It is logged in to once, and again where the
        connection to it is lost.
    type: dict
  vantage:
    description:
      - What to call the place that the checks start from, as in M(mailops.smtp.smtp_check). The inventory name by
        default.
    type: dict
  interval:
    description:
      - The seconds from the beginning of one check to that of the next. An outage is measured to one interval.
    type: float
    default: 1.0
  duration:
    description:
      - After how many seconds the watch ends by itself.
    type: float
    default: 3600.0
  stop_file:
    description:
      - A file on the host that watches. As soon as it exists, the watch ends.
      - By default the name of the O(log) with C(.stop) behind it.
    type: path
  log:
    description:
      - A file on the host that watches, in which everything that was seen is written down as it is seen. It must not
        exist yet.
    type: path
  collect:
    description:
      - End the watch that writes to O(log), if it still runs, return what it has seen, and remove the log and the stop
        file.
    type: bool
    default: false
  patience:
    description:
      - For how many seconds O(collect) waits for the watch to end.
    type: float
    default: 30.0
notes:
  - The task does not fail for an outage. Decide with C(failed_when) how much of an interruption is too much.
  - Each check of the watch is a connection that the mail server logs, and some servers limit how many of them one
    client may make in a minute.
seealso:
  - module: mailops.smtp.smtp_check
"""

EXAMPLES = r"""
- name: Begin to watch before the change
  mailops.smtp.smtp_watch:
    targets:
      - contoso.com
    log: /var/tmp/CHG0012345.watch
  async: 7200
  poll: 0

- name: Collect what was seen, after the change
  mailops.smtp.smtp_watch:
    log: /var/tmp/CHG0012345.watch
    collect: true
  register: watch
  failed_when: watch.longest_gap is none or watch.longest_gap > 30

- name: Watch for a minute, every five seconds
  mailops.smtp.smtp_watch:
    host: mail.contoso.com
    interval: 5
    duration: 60
    check:
      starttls: required
"""

RETURN = r"""
schema_version:
  description: The version of this shape.
  type: int
  returned: unless an option is wrong
vantage:
  description: The name of the vantage.
  type: str
  returned: unless an option is wrong
started_at:
  description: When the watch began, in UTC by the clock of its host.
  type: str
  returned: unless an option is wrong
finished_at:
  description: When it ended.
  type: str
  returned: unless an option is wrong
interval:
  description: The seconds from one check to the next.
  type: float
  returned: unless an option is wrong
ended:
  description: 'Why it ended. Lost means that nobody wrote it down: the watch was killed.'
  type: str
  returned: unless an option is wrong
  choices:
  - duration
  - stop_file
  - interrupted
  - lost
moments_missed:
  description: The moments at which no check began, since too many were still under way.
  type: int
  returned: unless an option is wrong
outages:
  description: The outages of each endpoint, the first one first.
  type: list
  returned: unless an option is wrong
  elements: dict
  contains:
    endpoint:
      description: The endpoint that did not answer as it should.
      type: dict
      returned: unless an option is wrong
      contains:
        name:
          description: What to call it, as in the matrix.
          type: str
          returned: unless an option is wrong
        host:
          description: The host's name, or its address where that was given.
          type: str
          returned: unless an option is wrong
        address:
          description: The address. Not known where a jump host or a proxy resolved the name, or where there is
            none.
          type: str
          returned: unless an option is wrong
        port:
          description: The TCP port. Null for a UNIX domain socket.
          type: int
          returned: unless an option is wrong
        protocol:
          description: What was spoken.
          type: str
          returned: unless an option is wrong
          choices: &id001
          - esmtp
          - smtps
          - lmtp
    vantage:
      description: The vantage that saw it.
      type: str
      returned: unless an option is wrong
    start:
      description: When the first check of it began.
      type: str
      returned: unless an option is wrong
    end:
      description: When the service was seen again. Null where the watch ended before.
      type: str
      returned: unless an option is wrong
    seconds:
      description: How long that is. Where its end was not seen, it is up to the last check, and was longer than that.
      type: float
      returned: unless an option is wrong
    how:
      description: 'How it looked: kinds of errors, reply codes, or identifiers of findings, in the order of their
        appearance.'
      type: list
      returned: unless an option is wrong
      elements: str
    first:
      description: What the first check of it was told.
      type: str
      returned: unless an option is wrong
    last:
      description: What the last one was told.
      type: str
      returned: unless an option is wrong
availability:
  description: The share of checks that went well, of the endpoint that was worst off. Null where nothing was seen.
  type: float
  returned: unless an option is wrong
longest_gap:
  description: The seconds of the longest outage. Null where nothing was seen.
  type: float
  returned: unless an option is wrong
changes:
  description: What changed meanwhile, besides.
  type: list
  returned: unless an option is wrong
  elements: dict
  contains:
    at:
      description: When it was seen first.
      type: str
      returned: unless an option is wrong
    endpoint:
      description: The endpoint that changed. Null where it is the addresses of a target.
      type: dict
      returned: unless an option is wrong
      contains:
        name:
          description: What to call it, as in the matrix.
          type: str
          returned: unless an option is wrong
        host:
          description: The host's name, or its address where that was given.
          type: str
          returned: unless an option is wrong
        address:
          description: The address. Not known where a jump host or a proxy resolved the name, or where there is
            none.
          type: str
          returned: unless an option is wrong
        port:
          description: The TCP port. Null for a UNIX domain socket.
          type: int
          returned: unless an option is wrong
        protocol:
          description: What was spoken.
          type: str
          returned: unless an option is wrong
          choices: *id001
    change:
      description: What kind of change it is, by a stable identifier.
      type: str
      returned: unless an option is wrong
    field:
      description: The fact that changed, by its path.
      type: str
      returned: unless an option is wrong
    before:
      description: Its value before.
      type: raw
      returned: unless an option is wrong
    after:
      description: Its value after.
      type: raw
      returned: unless an option is wrong
    impact:
      description: The change in one sentence.
      type: str
      returned: unless an option is wrong
endpoints:
  description: The endpoints, each by itself.
  type: list
  returned: unless an option is wrong
  elements: dict
  contains:
    endpoint:
      description: Which one it is.
      type: dict
      returned: unless an option is wrong
      contains:
        name:
          description: What to call it, as in the matrix.
          type: str
          returned: unless an option is wrong
        host:
          description: The host's name, or its address where that was given.
          type: str
          returned: unless an option is wrong
        address:
          description: The address. Not known where a jump host or a proxy resolved the name, or where there is
            none.
          type: str
          returned: unless an option is wrong
        port:
          description: The TCP port. Null for a UNIX domain socket.
          type: int
          returned: unless an option is wrong
        protocol:
          description: What was spoken.
          type: str
          returned: unless an option is wrong
          choices: *id001
    availability:
      description: The share of its checks that went well.
      type: float
      returned: unless an option is wrong
    longest_gap:
      description: The seconds of its longest outage.
      type: float
      returned: unless an option is wrong
    up:
      description: The checks that went well.
      type: int
      returned: unless an option is wrong
    down:
      description: The checks that did not.
      type: int
      returned: unless an option is wrong
    unknown:
      description: The checks that say nothing, since the vantage was in trouble.
      type: int
      returned: unless an option is wrong
verdict:
  description: Fail where there was an outage, inconclusive where nothing was seen, else pass.
  type: str
  returned: unless an option is wrong
  choices:
  - pass
  - inconclusive
  - fail
summary:
  description: The result in a sentence or two.
  type: str
  returned: unless an option is wrong

"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.interruption import interruptible
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.plan.options import (
    CHECK_OPTIONS,
    OptionError,
    secrets,
)
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.watch import (
    WATCH_OPTIONS,
    collect,
    watch,
    watch_options,
)


def main() -> None:
    # A watch that is ended from outside writes down what it has seen, and its sessions end with QUIT.
    interruptible()
    # no_log here keeps the arguments out of the host's log: passwords within check, targets and via are of no declared
    # type.
    module = AnsibleModule(argument_spec=WATCH_OPTIONS, supports_check_mode=True, no_log=True)
    for part in (module.params, module.params["check"] or {}):
        module.no_log_values.update(secrets(part, CHECK_OPTIONS))
    try:
        options = watch_options(module.params)
        if module.check_mode:
            module.exit_json(changed=options.log is not None, msg="Check mode: nothing was watched.")
        result = collect(options) if options.collect else watch(options)
    except (OptionError, ImportError) as error:
        module.fail_json(msg=str(error))
    # The log is all that a watch leaves on a host, or takes away again.
    module.exit_json(changed=options.log is not None, **result)


if __name__ == "__main__":
    main()
