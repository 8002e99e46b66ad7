"""A third party's package: a model, a task, its loss, a pass and a command, one file each, added by entry points."""

ENTRY_POINTS = """\
[limbeck.models]
bag = support.dummy.bag

[limbeck.tasks]
ordinal = support.dummy.ordinal

[limbeck.losses]
ordinal = support.dummy.ordinal_loss

[limbeck.passes]
negate = support.dummy.negate

[limbeck.commands]
shout = support.dummy.shout
"""
