{
    "name": "IaaS Billing by Jobs",
    "summary": "Billing runs spread over several workers and nodes by queue_job",
    "version": "19.0.1.0.0",
    "category": "Services/IaaS",
    "author": "IaaS Suite maintainers",
    "license": "LGPL-3",
    "depends": ["iaas_billing", "queue_job"],
    "data": [
        "data/queue_job_channel_data.xml",
        "data/queue_job_function_data.xml",
        "views/res_company_views.xml",
    ],
    "auto_install": True,
}
