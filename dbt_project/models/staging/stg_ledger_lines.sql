select
    -- keys
    source_code,
    file_id,
    record_number,
    company_code,
    journal_code,
    entry_number,
    account_code,
    auxiliary_code,

    -- attributes
    entry_date,
    cast({{ dbt.date_trunc('month', 'entry_date') }} as date) as month_start_date,
    closing_date,
    piece_ref,
    piece_date,
    lettering_code,
    lettering_date,
    validation_date,

    -- measures
    debit as debit_amount,
    credit as credit_amount,
    -- Income positive, expense negative: every finance KPI is a signed sum of this.
    credit - debit as net_amount
from {{ source('raw', 'ledger_lines') }}
