"""What lies on the desks of billing and of those who collect: approvals, disputes,
usage that came in late, corrections, promises to pay and shares of third parties."""

from datetime import timedelta

from odoo.fields import Command

from .company import user
from .customers import noon
from .plan import desk
from .session import LONG_AGO, quiet
from .usage import SOURCE

PUBLIC_SECTOR = "public_sector"
DAY = timedelta(days=1)


def open_desk(env, plan, partners, contracts, pilot):
    """Who will approve statements before they are billed, and what will stop."""
    tier = env["iaas.customer.tier"].create(
        {
            "name": "Public Sector",
            "code": PUBLIC_SECTOR,
            "sequence": 15,
            "service_model": "one_to_one",
            "renewal_notice_days": 120,
            "description": "Authorities and schools approve each statement before the "
            "invoice is made.",
            "statement_review": True,
            "statement_confirmation": "explicit",
            "statement_confirm_days": 10,
        }
    )
    customers = env["res.partner"].concat(
        *(partners[index] for index in desk.public_sector(plan))
    )
    quiet(customers).iaas_tier_id = tier
    _order_pilot(env, plan, contracts.get(desk.pilot_customer(plan)), pilot)


def ask_first(env):
    """From now on the statements of the public sector are approved first."""
    tier = env["iaas.customer.tier"].search([("code", "=", PUBLIC_SECTOR)])
    tier.has_statement_rules = True


def _order_pilot(env, plan, contract, product):
    if not contract:
        return
    first, last = desk.pilot_days(plan.window)
    order = (
        env["sale.order"]
        .with_context(**LONG_AGO)
        .create(
            {
                "partner_id": contract.partner_id.id,
                "iaas_contract_id": contract.id,
                "user_id": contract.user_id.id,
                "commitment_date": noon(first),
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": 2})
                ],
            }
        )
    )
    order.action_confirm()
    order.date_order = noon(first - timedelta(days=2))
    # The pilot is over; what was ordered in it goes on.
    product.product_tmpl_id.iaas_retiring_date = last


def is_expected(blocker, product):
    """Whether it is about the service of the pilot, which has no price any more."""
    return product.display_name in blocker.reason


def work(env, plan, places):
    """What happened since the last cycle was billed.

    :param places: id of each customer by its index
    """
    partners = {index: env["res.partner"].browse(id_) for index, id_ in places.items()}
    _listen(env, plan, partners)
    ours = {login: user(env, login) for login in ("billing", "billing.manager")}
    _approve(env, plan, partners, ours)
    left = _last_statements(env, plan)
    left -= _void(left, ours)
    left -= _dispute(left, ours)
    _come_late(env, plan, left, ours)
    _preview(env, plan, ours)
    _answer(env)
    promises = _promise(env, plan.window.today)
    shares = _share(env)
    return f"{promises} promises to pay, {shares} entries of shared revenue"


def _last_statements(env, plan):
    """What was posted for the last month, the dearest first."""
    return quiet(env["iaas.statement"]).search(
        [
            ("state", "=", "posted"),
            ("kind", "=", "regular"),
            ("correction_of_id", "=", False),
            ("date_to", "=", plan.window.until),
        ],
        order="amount_untaxed desc, id",
    )


def _contact(partner):
    return partner.child_ids.filtered(lambda child: not child.is_company)[:1] or partner


def _approve(env, plan, partners, ours):
    """Billing has looked at most statements of the public sector; one customer has
    confirmed its own and one disputes a line."""
    mine = [partners[index].id for index in desk.public_sector(plan)]
    statements = quiet(env["iaas.statement"]).search(
        [("partner_id", "in", mine), ("state", "=", "review")], order="id"
    )
    reviewed = statements[: len(statements) * 3 // 4]
    reviewed.with_user(ours["billing"]).action_approve()
    reviewed[:1].with_user(ours["billing"]).action_confirm()
    for statement in reviewed[1:2]:
        line = statement.line_ids.sorted("amount")[-1:]
        told = statement.with_user(ours["billing"])
        told._dispute(line, desk.BEFORE_POSTING, _contact(statement.partner_id))


def _dispute(statements, ours):
    """What customers do not accept of posted statements, and what became of it.

    :return: the statements that this is about
    """
    taken = statements.browse()
    for code, reason, end, answer in desk.DISPUTES:
        line = statements.env["iaas.statement.line"].search(
            [
                ("statement_id", "in", (statements - taken).ids),
                ("product_id.default_code", "=", code.upper()),
                ("amount", ">=", 10),
            ],
            order="amount desc, id",
            limit=1,
        )
        if not line:
            continue
        statement = line.statement_id
        taken += statement
        told = statement.with_user(ours["billing"])
        dispute = told._dispute(line, reason, _contact(statement.partner_id))
        if end == "open":
            continue
        amount = line.amount * desk.CREDITED if end == "accepted" else 0
        _explain(
            ours["billing.manager"],
            {"accepted": "accept", "rejected": "reject"}[end],
            answer,
            dispute_id=dispute.id,
            amount=statement.currency_id.round(amount),
        )
    return taken


def _explain(person, step, reason, **values):
    """Answer the dialog that asks for the reason of a step."""
    dialog = quiet(person.env["iaas.statement.reason"]).with_user(person)
    dialog.create({"step": step, "reason": reason, **values}).action_apply()


def _come_late(env, plan, statements, ours):
    """A collector sent the last days of the month after it was billed."""
    lines = []
    for statement in statements:
        metered = statement.line_ids.filtered(
            lambda line: line.meter_id.aggregation == "sum" and line.amount >= 20
        )
        if metered and len(lines) < len(desk.LATE):
            lines.append(metered.sorted("id")[0])
    last = plan.window.until
    _send(
        env,
        [
            _event(line, last - DAY * days, f"{line.quantity / (30 + 7 * days):.4f}")
            for line in lines
            for days in (1, 0)
        ],
    )
    late = statements.browse([line.statement_id.id for line in lines])
    queue = quiet(env["iaas.after.close"])
    queue._queue(late)
    for place, statement in enumerate(late):
        item = statement.after_close_ids.filtered(lambda item: item.state == "open")
        if item:
            _settle_late(item, desk.LATE[place], ours, plan.window.today)


def _event(line, day, value, why="late"):
    """Usage of what a statement line is about, as the metering platform sends it."""
    subject = line.resource_id.external_ref
    return {
        "specversion": "1.0",
        "id": f"{subject}/{day}/{why}",
        "source": SOURCE,
        "type": line.meter_id.code,
        "subject": subject,
        "time": f"{day}T12:30:00Z",
        "data": {"value": value},
    }


def _send(env, events):
    # Found only once Odoo knows its addons path.
    from odoo.addons.iaas_billing.metering import Entry

    source = env["iaas.usage.source"].search([("code", "=", SOURCE)])
    entries = [Entry(place, "", event) for place, event in enumerate(events)]
    env["iaas.usage.event"]._ingest(entries, source)


def _settle_late(item, end, ours, today):
    if end == "written_off":
        _explain(
            ours["billing.manager"], "write_off", desk.WRITE_OFF, after_close_id=item.id
        )
    elif end != "open":
        action = item.with_user(ours["billing"]).action_correct()
        if end == "posted":
            correction = item.statement_id.browse(action["res_id"])
            correction.with_user(ours["billing"]).action_post_correction()
    if item.state == "open":
        item.with_user(ours["billing.manager"]).write(
            {"user_id": ours["billing"].id, "date_due": today + timedelta(days=2)}
        )


def _void(statements, ours):
    """One was billed to the wrong branch; it waits to be billed again.

    :return: the statement
    """
    unpaid = statements.filtered(
        lambda statement: statement.payment_state == "not_paid"
    )
    chosen = unpaid[len(unpaid) * 3 // 4 :][:1]
    for statement in chosen:
        _explain(ours["billing.manager"], "void", desk.VOID, statement_id=statement.id)
    return chosen


def _preview(env, plan, ours):
    """What has become due since the last cycle is looked at before it is billed."""
    until = plan.window.today - timedelta(days=1)
    due = env["iaas.contract"].search(
        [("anchor_day", ">", 0), ("next_billing_date", "<=", plan.window.today)]
    )
    if due and until > plan.window.until:
        _surge(due)
        run = quiet(env["iaas.billing.run"].with_user(ours["billing"])).create(
            {"date": until, "contract_ids": [Command.set(due.ids)]}
        )
        run.action_preview()


def _surge(contracts):
    """One of them was in the news: its traffic makes it an outlier."""
    line = contracts.env["iaas.statement.line"].search(
        [
            ("statement_id.contract_id", "in", contracts.ids),
            ("product_id.default_code", "=", "NET-OUT"),
            ("amount", ">=", 10),
        ],
        order="statement_id desc, id",
        limit=1,
    )
    if line:
        day = line.statement_id.contract_id.next_billing_date - timedelta(days=3)
        # Beyond the first units traffic costs 6 cents.
        units = 16 * float(line.statement_id.amount_untaxed)
        _send(contracts.env, [_event(line, day, f"{units:.4f}", "surge")])


# ----------------------------------------------------------------------
# Collection
# ----------------------------------------------------------------------


def _promise(env, today):
    """What customers who owe have promised, and who kept it."""
    Move, Promise = quiet(env["account.move"]), quiet(env["iaas.payment.promise"])
    overdue = Move.search(
        [
            ("move_type", "=", "out_invoice"),
            ("state", "=", "posted"),
            ("payment_state", "=", "not_paid"),
            ("invoice_date_due", "<", today - timedelta(days=20)),
        ],
        order="amount_residual_signed desc, id",
    )
    told = list(overdue.grouped("commercial_partner_id").items())[: len(desk.PROMISES)]
    for (partner, invoices), (days, note) in zip(told, desk.PROMISES, strict=False):
        # Who has let one pass promises again.
        for invoice in invoices[: 2 if days < 0 else 1]:
            Promise += Promise.with_user(_collector(partner)).create(
                {
                    "partner_id": partner.id,
                    "invoice_ids": [Command.set(invoice.ids)],
                    "amount": invoice.amount_residual,
                    "date_noted": today + timedelta(days=min(days, 0) - 12),
                    "date_promised": today + timedelta(days=days),
                    "contact_id": _contact(partner).id,
                    "note": note,
                }
            )
    Promise += _kept(env, today)
    Promise.sudo()._decide(today)
    return len(Promise)


def _collector(partner):
    """Who asks the customer to pay: its salesperson, else billing."""
    is_sold = partner.user_id.has_group("sales_team.group_sale_salesman")
    return partner.user_id if is_sold else user(partner.env, "billing")


def _kept(env, today):
    """Payments that came late, and as it was promised."""
    payments = env["account.payment"].search(
        [("partner_type", "=", "customer"), ("date", "<=", today)],
        order="date desc, id",
        limit=40,
    )
    Promise = quiet(env["iaas.payment.promise"])
    for payment in payments:
        invoices = payment.reconciled_invoice_ids
        partner = invoices.commercial_partner_id
        late = invoices.filtered(lambda one, p=payment: one.invoice_date_due < p.date)
        if late and len(partner) == 1 and len(Promise) < 3:
            Promise += Promise.with_user(_collector(partner)).create(
                {
                    "partner_id": partner.id,
                    "invoice_ids": [Command.set(late.ids)],
                    "amount": sum(late.mapped("amount_total")),
                    "date_noted": payment.date - timedelta(days=7),
                    "date_promised": payment.date + timedelta(days=1),
                    "contact_id": _contact(partner).id,
                    "note": desk.KEPT,
                }
            )
    return Promise


# ----------------------------------------------------------------------
# Third parties
# ----------------------------------------------------------------------


def _share(env):
    """Who brought a customer gets a part of what it brings."""
    manager, finance = user(env, "ops.manager"), user(env, "finance")
    largest = env["iaas.statement"]._read_group(
        [
            ("state", "=", "posted"),
            ("contract_id.state", "in", ("active", "expiring")),
            ("contract_id.user_id", "!=", manager.id),
        ],
        ["contract_id"],
        order="amount_untaxed:sum desc, contract_id",
        limit=3 * len(desk.SHARES),
    )
    contracts = [contract for (contract,) in largest]
    Share = quiet(env["iaas.contract.revenue.share"])
    for contract, terms in zip(contracts[1::3], desk.SHARES, strict=False):
        name, email, (purpose, percent, family, basis, is_approved) = terms
        beneficiary = quiet(env["res.partner"]).create(
            {
                "name": name,
                "email": email,
                "is_company": True,
                "supplier_rank": 1,
                "country_id": env.company.country_id.id,
            }
        )
        category = f"iaas_contract.product_category_iaas_{family}" if family else ""
        share = Share.with_user(contract.user_id).create(
            {
                "contract_id": contract.id,
                "beneficiary_id": beneficiary.id,
                "purpose": purpose,
                "percent": percent,
                "categ_id": category and env.ref(category).id,
                "basis": basis,
            }
        )
        if is_approved:
            share.with_user(manager).action_approve()
    Entry = quiet(env["iaas.revenue.share.entry"])
    Entry._share()
    entries = Entry.search([])
    # The first of them has sent a bill for what was collected so far.
    first = entries.filtered(
        lambda entry: entry.beneficiary_id.name == desk.SHARES[0][0]
    )
    if sum(first.mapped("amount")) > 0:
        first.with_user(finance).action_create_bills()
    return len(entries)


# ----------------------------------------------------------------------
# Other programs
# ----------------------------------------------------------------------


def _listen(env, plan, partners):
    """Who wants to be told what happens to statements."""
    largest = max(plan.expected, key=plan.expected.get)
    customer = partners[largest]
    domain = customer.email.partition("@")[2]
    names = {"customer": customer.name, "domain": domain}
    for place, (name, address) in enumerate(desk.WEBHOOKS):
        webhook = env["iaas.webhook"].create(
            {
                "name": name.format(**names),
                "url": address.format(**names),
                "partner_id": customer.id if place else False,
                "event_statement_sent": True,
                "event_statement_confirmed": True,
                "event_statement_disputed": True,
            }
        )
        webhook.action_new_secret()
        webhook.action_ping()


def _answer(env):
    """How the listeners have answered so far; the last events wait to be sent."""
    deliveries = env["iaas.webhook.delivery"].search([], order="id")
    for place, delivery in enumerate(deliveries[:-2]):
        code, text = desk.ANSWERS[place % len(desk.ANSWERS)]
        # Who was not there was asked again until it was given up.
        tries = 1 if code < 300 else 7
        for _try in range(tries):
            delivery._note(code < 300, code, text)
