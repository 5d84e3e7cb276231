"""The ledger: what is known about every marking. The only owner of keys in the store.

Theory of operation. Every change is one script (`*.lua`), atomic in the store; nothing is read here and written back
later. Three sides use it, and each has a class of its own: `Intake` (the door: accept), `Hands` (the workers: take a
lease, plan, settle, give back) and `Desk` (people: look, retry, drop).

The unit is the invoice's record: what its newest event says, where it stands in each workspace, and its history.
A workspace with something to do has a place in the sorted set `due`: the time at which somebody should look at it.
Accepting writes it only where it is absent; taking the lease moves it to the lease's end; a failure moves it to the next
try; a finished backlog removes it, in the same step that sees the backlog empty. So a killed worker, a lost bell and
a finished cooldown are one case: a time that has passed. The bell, an arq job, only makes it quick.

An event is told apart by source, account and id; an entry is wanted invoiced while any claim on it stands. The newest
event of an invoice decides whether its claims stand, the newest payment that names entries what they are of; the order of
arrival decides neither.

A link says what an invoice stands for, where its events cannot: under its id, its number, or a name that it shows. It is
looked up in the script that takes the event, and looks for the events in the script that takes the link: whichever
comes second acts, and passes the check of order that every event passes.
"""

from worker.ledger.desk import Desk as Desk
from worker.ledger.hands import Hands as Hands
from worker.ledger.intake import Intake as Intake
from worker.ledger.scripts import Keeping as Keeping
from worker.ledger.store import StoreInDoubtError as StoreInDoubtError
from worker.ledger.store import connect as connect
from worker.ledger.work import Lease as Lease
